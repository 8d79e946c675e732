"""Erasure of a customer's personal data from every store."""
