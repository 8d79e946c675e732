"""Health of this machine and of the stores, for `ecom doctor` and `ecom status`.

All checks are read-only, and their cost does not grow with the history. Comparison event by event,
and repair, belong in reconcile/.
"""
