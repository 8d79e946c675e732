"""Benchmarks: run by hand (`python -m bench.realtime`), never by the product."""
