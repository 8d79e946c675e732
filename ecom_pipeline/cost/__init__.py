"""The cost on AWS: billed units, counted on real calls, times the prices of a dated file.

Prices are data (prices.toml), usage is a recorded measurement (usage.json, written by
`bench.cost_usage`). Nothing here calls AWS or changes the effect of a call.
"""
