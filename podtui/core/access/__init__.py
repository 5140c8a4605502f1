"""Resolves names and ids, explains missing pods, and decides which pods a caller may see."""
