"""The verb reap: ends what past runs left running."""
