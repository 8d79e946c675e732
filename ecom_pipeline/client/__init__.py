"""Clients of a deployed environment's API, and where it answers."""
