"""Logic of the screens as plain objects."""
