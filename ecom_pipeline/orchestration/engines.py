"""The CSV engine of a run: in its own process, or on Spark, launched through Dagster Pipes."""

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from typing import Any

import dagster as dg

from ecom_pipeline.cost.metered_build import metered
from ecom_pipeline.lake import partition
from ecom_pipeline.lake.engines import Built, Engine, UnbuiltDaysError
from ecom_pipeline.lake.engines.process_engine import ProcessEngine
from ecom_pipeline.lake.engines.python_engine import PythonEngine
from ecom_pipeline.lake.manifest import ManifestError
from ecom_pipeline.settings import Settings, SettingsError, environment_of, variable
from ecom_pipeline.warehouse import connect

EngineFor = Callable[[dg.AssetExecutionContext], Engine]

_JOB = "ecom_pipeline.lake.engines.spark_job"
_ENTRY_POINT = "local:///opt/ecom/spark_job.py"  # in the image, see infra/spark/Dockerfile


def engine_for(settings: Settings) -> EngineFor:
    """Return the function that creates the settings' engine for a run.

    Raises:
        SettingsError: the settings' engine is unknown.
    """
    if settings.engine == "spark" and settings.endpoint_url and find_spec("pyspark") is None:
        extra = "pip install 'ecom-pipeline[spark]'"
        raise SettingsError(f"{variable('engine')}=spark needs pyspark: {extra}")
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
    """Builds days with a Spark job, which reports the committed days; manifests are read from S3.

    Against the local AWS the job is a local process with its own Spark; on AWS, EMR Serverless.
    """

    settings: Settings
    context: dg.AssetExecutionContext

    def build(self, days: Sequence[date]) -> Iterator[Built]:
        """Run the job, then yield the committed days.

        Raises:
            ManifestError: the job did not report one of the days, or a manifest is missing.
        """
        named = [day.isoformat() for day in days]
        extras = {"days": named, "settings": environment_of(self.settings)}
        local = self.settings.endpoint_url is not None
        with warnings.catch_warnings():
            # Dagster 1.13 itself uses an API that it marks as a preview
            warnings.simplefilter("ignore", dg.PreviewWarning)
            done = self._in_a_process(extras) if local else self._on_emr_serverless(extras)
        lake = connect.lake(self.settings)
        reported = done.get_custom_messages()
        if unsaid := set(named) - {each["day"] for each in reported}:
            raise ManifestError(f"Spark did not report {', '.join(sorted(unsaid))}: run it again")
        reasons: dict[date, str] = {}
        for each in reported:
            day = date.fromisoformat(each["day"])
            if "unbuilt" in each:
                reasons[day] = each["unbuilt"]
            else:
                yield Built(partition.committed(lake, day), each["seconds"])
        if reasons:
            raise UnbuiltDaysError(reasons)

    def _in_a_process(self, extras: dict[str, Any]) -> dg.PipesClientCompletedInvocation:
        return dg.PipesSubprocessClient().run(
            context=self.context,
            command=[sys.executable, "-m", _JOB],
            env={"PYSPARK_PYTHON": sys.executable},
            extras=extras,
        )

    def _on_emr_serverless(self, extras: dict[str, Any]) -> dg.PipesClientCompletedInvocation:
        from dagster_aws import pipes  # noqa: PLC0415 - most runs do not need it

        client = pipes.PipesEMRServerlessClient(
            connect.client(self.settings, "emr-serverless"),
            message_reader=pipes.PipesCloudWatchMessageReader(
                connect.client(self.settings, "logs")
            ),
        )
        # a retry has other arguments, for which EMR would reject the same client token
        params = job_run(self.settings, f"{self.context.run_id}-{self.context.retry_number}")
        return client.run(context=self.context, start_job_run_params=params, extras=extras)


def job_run(settings: Settings, token: str) -> Any:
    """Return the parameters of EMR Serverless' StartJobRun; `token` makes it idempotent.

    Python, logs and capacity are configured on the application: infra/dagster/template.yaml.
    https://docs.aws.amazon.com/emr-serverless/latest/APIReference/API_StartJobRun.html

    Raises:
        SettingsError: the application or the job role is not set.
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
