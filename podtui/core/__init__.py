"""Everything podtui knows and does; no screen, no command line."""
