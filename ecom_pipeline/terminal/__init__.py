"""What commands share: options, and tables for a terminal."""
