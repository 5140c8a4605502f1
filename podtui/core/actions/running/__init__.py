"""The verbs stop and send: what is asked of a living run."""
