"""A run under a PTY supervisor on this machine."""
