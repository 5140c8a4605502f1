"""The verb restore: starts a new run of a pod that is not alive."""
