"""Faults that are done to a real local system on purpose, and what must hold after each.

Where a fault strikes is its module: stream, table, api, lake, parts, warehouse, loads, triggers,
processes, calendar. What the system does about it is the other rooms'.
"""
