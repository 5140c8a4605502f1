"""One file per verb: a pure plan, and carrying it out."""
