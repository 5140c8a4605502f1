"""The large parts of the main screen."""
