"""The lists of diagnostics and of the trash."""
