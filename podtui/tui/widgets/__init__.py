"""Widgets that know nothing of pods."""
