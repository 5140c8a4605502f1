"""Where a run is hosted, behind one interface."""
