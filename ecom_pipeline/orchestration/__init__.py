"""The Dagster code: assets, checks, sensors and schedules over lake and warehouse.

Bodies are thin: fetch, call a lower layer, report metadata. Business rules do not belong here.
"""
