"""What Dagster sees: assets, checks, sensors, schedules over lake and warehouse.

Bodies are thin: fetch, call a room below, account. A rule of the business does not belong here.
"""
