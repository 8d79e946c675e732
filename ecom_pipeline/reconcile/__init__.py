"""Comparing the stores event by event, and repairing from the raw lake what differs."""
