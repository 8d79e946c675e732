"""Taking a customer out of every store."""
