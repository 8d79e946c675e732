"""A local stand-in for Amazon Redshift: PostgreSQL behind a wire proxy that speaks Redshift.

Belongs here: whatever lets the real driver and Redshift's SQL run unchanged on a laptop.
Does not belong here: anything the product runs in AWS, or SQL of the product's own.
"""
