"""Redshift's SQL turned into PostgreSQL's: text in, text (or a COPY to perform) out.

Belongs here: pure functions over SQL text. Does not belong here: sockets, S3, a database.
"""
