"""python -m ecom_pipeline.cli: the commands, if `ecom` is not on the PATH."""

from ecom_pipeline.cli import main

main()
