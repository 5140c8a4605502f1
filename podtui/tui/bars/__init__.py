"""One-line parts of the screen: header, keys, notices, input."""
