"""Fault injection: scenarios on a real local system, and the invariants that must hold after each.

A module has the faults of one place: api, stream, table, clock, lake, parts, warehouse, loads,
triggers, processes. How the system handles them does not belong here.
"""
