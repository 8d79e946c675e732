"""The sales report: one HTML page that needs nothing but a browser, made of the marts' rows."""
