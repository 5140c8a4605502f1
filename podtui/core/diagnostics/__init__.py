"""What the operator must not miss, as it is shown, and how far it was read."""
