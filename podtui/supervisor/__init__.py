"""The small process that hosts one run: PTY, output, socket, lock, exit record."""
