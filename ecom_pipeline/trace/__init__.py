"""One event across all stores."""
