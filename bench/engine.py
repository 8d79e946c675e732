"""`python -m bench.engine NAME DAY...`: build days with one of our engines; S3 is the settings'."""

import sys
from collections.abc import Callable
from datetime import date

from ecom_pipeline import settings
from ecom_pipeline.lake.engines import Engine
from ecom_pipeline.settings import Settings


def _python(configured: Settings) -> Engine:
    from ecom_pipeline.lake.engines.python_engine import PythonEngine  # noqa: PLC0415

    return PythonEngine(configured)


def _processes(configured: Settings) -> Engine:
    from ecom_pipeline.lake.engines.process_engine import ProcessEngine  # noqa: PLC0415

    return ProcessEngine(configured)


def _spark(configured: Settings) -> Engine:
    from ecom_pipeline.lake.engines.spark_engine import SparkEngine  # noqa: PLC0415

    return SparkEngine(configured)


ENGINES: dict[str, Callable[[Settings], Engine]] = {
    "python": _python,
    "processes": _processes,
    "spark": _spark,
}

if __name__ == "__main__":
    days = [date.fromisoformat(day) for day in sys.argv[2:]]
    for built in ENGINES[sys.argv[1]](settings.load()).build(days):
        print(built.manifest.day, built.manifest.totals.digest)  # noqa: T201
