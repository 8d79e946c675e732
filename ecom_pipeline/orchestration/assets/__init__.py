"""The assets of the batch path, one module for each stage, in the order of the data flow.

A partitioned asset takes one day or a range of days: a range is one run, one COPY, one transaction.
"""

from ecom_pipeline.orchestration.assets import bi, catalog, lake, marts, proof, warehouse

ALL = [*lake.ALL, *catalog.ALL, *warehouse.ALL, *marts.ALL, *proof.ALL, *bi.ALL]
