"""The assets of the batch path, a module for each part of the line, in the order that data flows.

A partitioned asset takes one day or a range of days: a range is one run, one COPY, one transaction.
"""

from ecom_pipeline.orchestration.assets import bi, catalog, lake, marts, proof, warehouse

ALL = [*lake.ALL, *catalog.ALL, *warehouse.ALL, *marts.ALL, *proof.ALL, *bi.ALL]
