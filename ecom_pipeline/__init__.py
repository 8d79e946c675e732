"""A shop's sales events, stored exactly once in a real-time store and in a warehouse.

Keep this file free of imports: the Lambda functions import it too.
"""
