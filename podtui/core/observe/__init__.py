"""From probes to evidence, verdicts, statuses and snapshots."""
