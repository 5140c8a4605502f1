"""The plane: the one object that every door speaks to."""
