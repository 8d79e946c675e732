"""A shop's sales events, exactly once, in a real-time store and in a warehouse.

Keep this file empty of imports: the Lambda zip imports through it.
"""
