"""Replay of the data set: read the CSV file as events and post them to the HTTP API.

The file's encoding (ISO-8859-1) is handled only here. Validation of events belongs to the domain;
nothing behind the API belongs here.
"""
