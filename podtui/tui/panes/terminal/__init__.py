"""The terminal of a pod as it looks now."""
