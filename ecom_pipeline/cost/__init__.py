"""What AWS bills: counted on the real calls, times a price file with its date.

Prices are data (prices.toml), usage is a recorded measurement (usage.json, which `bench.cost_usage`
makes); nothing here reaches AWS or changes what a call does.
"""
