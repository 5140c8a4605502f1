"""Frozen values: records, evidence, verdicts, snapshots."""
