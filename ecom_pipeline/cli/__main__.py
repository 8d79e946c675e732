"""python -m ecom_pipeline.cli: the commands, where `ecom` is not on the path."""

from ecom_pipeline.cli import main

main()
