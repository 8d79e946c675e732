"""The engine of a run: in its own process, or on a Spark that Dagster Pipes starts and follows."""

import shlex
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg

from ecom_pipeline.batch import connect, partition
from ecom_pipeline.batch.engines import Built, Engine
from ecom_pipeline.batch.engines.process_engine import ProcessEngine
from ecom_pipeline.batch.engines.python_engine import PythonEngine
from ecom_pipeline.settings import Settings, SettingsError, environment_of, variable

EngineFor = Callable[[dg.AssetExecutionContext], Engine]

_JOB = "ecom_pipeline.batch.engines.spark_job"
_ENVIRONMENT = "./environment"  # where EMR unpacks the archive


def engine_for(settings: Settings) -> EngineFor:
    """Return how a run gets the engine that the settings name."""
    by_name: Mapping[str, EngineFor] = {
        "python": lambda _: PythonEngine(settings),
        "processes": lambda _: ProcessEngine(settings),
        "spark": lambda context: SparkRun(settings, context),
    }
    if settings.engine not in by_name:
        expected = ", ".join(by_name)
        raise SettingsError(f"{variable('engine')}: expected {expected}, got {settings.engine!r}")
    return by_name[settings.engine]


@dataclass(frozen=True)
class SparkRun:
    """Builds days by a Spark job of this run; it says which are committed, S3 says what they are.

    Against the local AWS the job is a process with a Spark of its own, on AWS it is EMR Serverless.
    """

    settings: Settings
    context: dg.AssetExecutionContext

    def build(self, days: Sequence[date]) -> Iterator[Built]:
        named = [day.isoformat() for day in days]
        extras = {"days": named, "settings": environment_of(self.settings)}
        local = self.settings.endpoint_url is not None
        with warnings.catch_warnings():
            # Dagster 1.13 calls a preview of its own
            warnings.simplefilter("ignore", dg.PreviewWarning)
            done = self._in_a_process(extras) if local else self._on_emr_serverless(extras)
        lake = connect.lake(self.settings)
        for each in done.get_custom_messages():
            day = date.fromisoformat(each["day"])
            yield Built(partition.committed(lake, day), each["seconds"])

    def _in_a_process(self, extras: dict[str, Any]) -> dg.PipesClientCompletedInvocation:
        return dg.PipesSubprocessClient().run(
            context=self.context,
            command=[sys.executable, "-m", _JOB],
            env={"PYSPARK_PYTHON": sys.executable},
            extras=extras,
        )

    def _on_emr_serverless(self, extras: dict[str, Any]) -> dg.PipesClientCompletedInvocation:
        from dagster_aws import pipes  # noqa: PLC0415 - most runs need none of it

        client = pipes.PipesEMRServerlessClient(
            connect.client(self.settings, "emr-serverless"),
            message_reader=pipes.PipesCloudWatchMessageReader(
                connect.client(self.settings, "logs")
            ),
        )
        params = job_run(self.settings, self.context.run_id)
        return client.run(context=self.context, start_job_run_params=params, extras=extras)


def job_run(settings: Settings, run_id: str) -> Any:
    """Return EMR Serverless' StartJobRun of a run; the run's own id makes a retry safe.

    https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_StartJobRun.html
    """
    needed = ("spark_application", "spark_role", "spark_package")
    missing = [variable(name) for name in needed if getattr(settings, name) is None]
    if missing:
        raise SettingsError(f"{variable('engine')}=spark: set {', '.join(missing)}")
    python = f"{_ENVIRONMENT}/bin/python"
    conf = {
        "spark.archives": f"{settings.spark_package}/environment.tar.gz#environment",
        "spark.emr-serverless.driverEnv.PYSPARK_DRIVER_PYTHON": python,
        "spark.emr-serverless.driverEnv.PYSPARK_PYTHON": python,
        "spark.executorEnv.PYSPARK_PYTHON": python,
    }
    return {
        "applicationId": settings.spark_application,
        "executionRoleArn": settings.spark_role,
        "clientToken": run_id,
        "name": "ecom csv_invoice_lines",
        "jobDriver": {
            "sparkSubmit": {
                "entryPoint": f"{settings.spark_package}/spark_job.py",
                "sparkSubmitParameters": shlex.join(
                    word for name, value in conf.items() for word in ("--conf", f"{name}={value}")
                ),
            }
        },
        "configurationOverrides": {
            "monitoringConfiguration": {"cloudWatchLoggingConfiguration": {"enabled": True}}
        },
    }
