"""The demo: a real tree of pods played by a small agent."""
