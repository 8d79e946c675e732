"""What is true of an event everywhere: its fields, columns, keys and sums.

Standard library and msgspec only: this room travels in the Lambda zip. Nothing here knows AWS,
Dagster or a data frame.
"""
