"""Threads and mailboxes that bring snapshots and output to the screen."""
