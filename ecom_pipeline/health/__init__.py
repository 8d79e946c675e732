"""How this machine and the stores are: what is missing (`ecom doctor`), how far each store is.

Everything here reads, and its cost does not follow the history. What is compared event by event is
in reconcile/; what mends belongs there too.
"""
