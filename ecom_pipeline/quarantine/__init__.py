"""Quarantined records: find, revalidate and replay them."""
