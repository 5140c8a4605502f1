"""podtui: run, watch and get back a tree of agent pods, where nothing is ever lost silently.

Nothing is imported here: the supervisor and every command-line verb pass through this file,
and each of them pays for what it loads.
"""

__version__ = "0.1.0"
