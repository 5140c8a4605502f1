"""Screens that stand on top of the main one until they are answered."""
