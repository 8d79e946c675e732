"""The only room that knows Dagster: assets, checks, sensors and schedules over ecom_pipeline.batch.

Bodies are thin: fetch, call batch, account. A rule of the business does not belong here.
"""
