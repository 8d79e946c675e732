"""The sales report: one self-contained HTML page, rendered from the marts' rows."""
