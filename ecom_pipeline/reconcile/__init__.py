"""Compare the stores event by event, and repair differences from the raw lake."""
