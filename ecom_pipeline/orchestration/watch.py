"""The sensor that tells causes of alarms, each once, and shows CloudWatch that it is alive.

It reads Dagster's own storage only: a query of Redshift a minute would keep it awake. What needs
the stores is asked by the morning's checks (current.py), whose results are here.
"""

from datetime import UTC, datetime

import dagster as dg
import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from ecom_pipeline.orchestration import alarm_list, observed, requests
from ecom_pipeline.orchestration.alarms import Alarms
from ecom_pipeline.orchestration.causes import Observation, Told, by_alarm

_HOUR = 3600
_MOST_UNSENT = 20


class Watched(msgspec.Struct):
    """The cursor: the last run's end that was read, since when there is a watch, what was told.

    `unsent` are subjects and texts that SNS did not take: the next tick sends them.
    """

    run: int
    began: float
    told: Told
    unsent: list[tuple[str, str]] = []


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Publishes each cause of an alarm once: failed runs, checks and ticks, stores that "
    "differ, late loads and reconciliations, a growing quarantine. A no-op without a topic. To "
    "reset the cursor is to be told of open causes again.",
)
def watch(context: dg.SensorEvaluationContext, alarms: dg.ResourceParam[Alarms]) -> dg.SkipReason:
    """Tell the causes that were not told yet, then report a sign of life.

    The cursor is stored after the messages are published: if this process is killed between both,
    a cause is told twice, rather than never. A message that SNS does not take is kept in the
    cursor, and there is no sign of life until it is sent: so CloudWatch tells.
    """
    instance = context.instance
    watched = _read(context)
    ended = observed.finished(instance, watched.run)
    seen: list[Observation] = [
        each for _, run_id in ended for each in observed.of_run(instance, run_id)
    ]
    news = by_alarm(watched.told, [*seen, *observed.of_ticks(instance)])
    messages = [alarm_list.message(alarm_list.ALL[name], found) for name, found in news.items()]
    for subject, text in messages:
        context.log.warning("%s\n%s", subject, text)
    watched.unsent = _publish(context, alarms, [*watched.unsent, *messages])
    watched.run = ended[-1][0] if ended else watched.run
    context.update_cursor(msgspec.json.encode(watched).decode())
    if not watched.unsent:
        _report_age(context, alarms, (_now() - _checked_at(instance, watched)) / _HOUR)
    return dg.SkipReason(", ".join(news) or "nothing new")


def _publish(
    context: dg.SensorEvaluationContext, alarms: Alarms, messages: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Publish messages, and return those that SNS did not take: at most the newest."""
    unsent: list[tuple[str, str]] = []
    for subject, text in messages:
        try:
            alarms.notify(subject, text)
        except (BotoCoreError, ClientError) as error:
            context.log.warning("not sent, tried again in the next tick: %s: %s", subject, error)
            unsent.append((subject, text))
    return unsent[-_MOST_UNSENT:]


def _report_age(context: dg.SensorEvaluationContext, alarms: Alarms, hours: float) -> None:
    """Report a sign of life; without one CloudWatch tells, so an error must not end the tick."""
    try:
        alarms.report_age(hours)
    except (BotoCoreError, ClientError) as error:
        context.log.warning("CloudWatch did not take the sign of life: %s", error)


def _read(context: dg.SensorEvaluationContext) -> Watched:
    """Return the last tick's state; without one, begin with what ends from now on."""
    if context.cursor:
        return msgspec.json.decode(context.cursor, type=Watched)
    return Watched(observed.newest(context.instance), _now(), Told())


def _checked_at(instance: dg.DagsterInstance, watched: Watched) -> float:
    """Return when the morning's checks last succeeded, at least when the watch began."""
    wanted = dg.RunsFilter(job_name=requests.CHECK_STATE, statuses=[dg.DagsterRunStatus.SUCCESS])
    ends = [each.end_time or 0 for each in instance.get_run_records(wanted, limit=1)]
    return max([watched.began, *ends])


def _now() -> float:
    return datetime.now(UTC).timestamp()
