"""The output of a pod, page by page."""
