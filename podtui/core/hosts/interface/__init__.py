"""What every kind of run host offers, and the values it answers with."""
