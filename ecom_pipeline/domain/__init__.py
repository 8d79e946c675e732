"""The event and what all layers share about it: fields, columns, keys, digests and totals.

Standard library and msgspec only: this package is part of the Lambda zip. It imports no AWS SDK,
no Dagster and no data frame library.
"""
