"""Whether a run makes progress."""
