"""Writes ends, stalls and losses into the journal, once."""
