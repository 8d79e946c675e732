"""Redshift: schema, loads with their ledger, marts, and quality checks of published days."""
