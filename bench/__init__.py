"""Comparisons with figures: run by hand (`python -m bench.realtime`), never by the product."""
