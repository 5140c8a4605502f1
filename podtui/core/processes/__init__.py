"""Starting supervisors, talking to them, and facts about process trees."""
