"""The steps of the batch path as plain functions: no Dagster, no environment.

An outside thing (an S3 client, a warehouse connection) is handed in.
"""
