"""The original's way, written anew to compare with: one event at a time, everywhere.

Where it is unclear, the cheaper reading is taken: an item holds of a line only what nothing else
says, and a guest's event, on which the original would stop for ever, updates no customer.
"""
