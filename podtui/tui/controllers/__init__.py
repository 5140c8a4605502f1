"""What the screens do, in plain objects that are given the widgets they work with."""
