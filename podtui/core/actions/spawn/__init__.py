"""The verb spawn: a new pod and its first run."""
