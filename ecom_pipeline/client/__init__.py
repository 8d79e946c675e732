"""Clients of a deployed environment's API, and its endpoints."""
