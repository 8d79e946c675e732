"""The original's way, rewritten for comparison: one event at a time, everywhere.

Where it is unclear, the cheaper reading is used: an item has only what no other item has, and a
guest's event, which the original would retry for ever, updates no customer.
"""
