"""What can be done on the screen, and which key does it."""
