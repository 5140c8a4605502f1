"""The directory tree that is the truth."""
