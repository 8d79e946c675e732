"""The version of the rules by which raw records become rows, and what changed with each.

A manifest records the version that its day was built by. A day of an older version stays published
as it is until it is loaded again; `ecom plan` and `ecom status` count such days.

1: the rules of 0.1.0's first builds.
2: a cancellation with a positive quantity is an adjustment; a negative price of any other kind and
   U+FFFD in a text are refused.
"""

VERSION = 2
