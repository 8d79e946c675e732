"""The engine of a run: in its own process, or on a Spark that Dagster Pipes starts and follows."""

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg

from ecom_pipeline.cost.metered_build import metered
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.engines import Built, Engine
from ecom_pipeline.lake.engines.process_engine import ProcessEngine
from ecom_pipeline.lake.engines.python_engine import PythonEngine
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.settings import Settings, SettingsError, environment_of, variable
from ecom_pipeline.warehouse import connect

EngineFor = Callable[[dg.AssetExecutionContext], Engine]

_JOB = "ecom_pipeline.lake.engines.spark_job"
_ENTRY_POINT = "local:///opt/ecom/spark_job.py"  # where infra/spark/Dockerfile puts it


def engine_for(settings: Settings) -> EngineFor:
    """Return how a run gets the engine that the settings name."""
    by_name: Mapping[str, EngineFor] = {
        "python": lambda _: PythonEngine(settings, build_day=metered),
        "processes": lambda _: ProcessEngine(settings, build_day=metered),
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
        reported = done.get_custom_messages()
        if unsaid := set(named) - {each["day"] for each in reported}:
            raise ManifestError(f"Spark said nothing of {', '.join(sorted(unsaid))}: run it again")
        for each in reported:
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
        # another try has other arguments, for which EMR would refuse the same token
        params = job_run(self.settings, f"{self.context.run_id}-{self.context.retry_number}")
        return client.run(context=self.context, start_job_run_params=params, extras=extras)


def job_run(settings: Settings, token: str) -> Any:
    """Return what EMR Serverless is asked for; `token` makes that safe to ask again.

    Python, logs and capacity are the application's: infra/dagster/template.yaml.
    https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_StartJobRun.html
    """
    needed = ("spark_application", "spark_role")
    missing = [variable(name) for name in needed if getattr(settings, name) is None]
    if missing:
        raise SettingsError(f"{variable('engine')}=spark: set {', '.join(missing)}")
    return {
        "applicationId": settings.spark_application,
        "executionRoleArn": settings.spark_role,
        "clientToken": token,
        "name": "ecom csv_invoice_lines",
        "jobDriver": {"sparkSubmit": {"entryPoint": _ENTRY_POINT}},
    }
