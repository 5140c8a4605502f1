"""The screen: one door among three, with no logic of its own."""
