"""One module per store: its reads for a comparison. No store uses data of another store."""
