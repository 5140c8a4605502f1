"""The command line: parses options, calls the plane, prints the result."""
