"""The only doors to the disk, the processes and the clock."""
