"""Text that is safe to show, and the views of raw output."""
