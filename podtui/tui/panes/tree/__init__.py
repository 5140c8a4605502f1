"""The tree of pods."""
