"""A local substitute for Amazon Redshift: PostgreSQL behind a proxy of Redshift's wire protocol.

Belongs here: what lets the real driver and Redshift's SQL run unchanged on a laptop. Does not
belong here: code that the product runs in AWS, or the product's SQL.
"""
