"""What Linux offers, in the standard library only: shared by the supervisor and `core.system`."""
