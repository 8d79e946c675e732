"""Redshift: schema, loads with their ledger, marts, and the checks of what is published."""
