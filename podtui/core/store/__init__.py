"""Records, ledgers and logs in the directory tree of a store."""
