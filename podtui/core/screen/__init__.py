"""The terminal of a run as it looks now, drawn from its output."""
