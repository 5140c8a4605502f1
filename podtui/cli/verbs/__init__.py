"""The verbs: a module holds one verb or a few related ones, and is loaded when one is run."""
