"""Puts the operator's terminal on a live run."""
