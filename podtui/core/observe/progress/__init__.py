"""Determines whether a run makes progress."""
