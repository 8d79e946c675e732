"""The data set as events: read it, make up more of its kind, post it to the HTTP API.

The data set's own spelling (CamelCase columns, ISO-8859-1, M/D/YYYY) lives and dies here. What an
event is belongs to the domain; what becomes of it behind the API is not known here.
"""
