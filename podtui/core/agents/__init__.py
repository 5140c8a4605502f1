"""What podtui knows of particular agent programs."""
