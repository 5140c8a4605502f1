"""Knowledge of particular agent programs: their options, sessions and variables."""
