"""Redshift's SQL translated to PostgreSQL's: text in, text (or a COPY to execute) out.

Belongs here: pure functions over SQL text. Does not belong here: sockets, S3, a database.
"""
