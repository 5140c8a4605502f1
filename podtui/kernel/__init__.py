"""Access to the Linux kernel, standard library only; for the supervisor and `core.system`."""
