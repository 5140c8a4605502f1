"""The screens; the main one is always there, the others stand on top of it."""
