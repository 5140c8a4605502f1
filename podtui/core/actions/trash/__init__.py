"""The verbs prune, recover and purge."""
