"""One file per verb; each has a ``command``, loaded when that verb is run."""
