"""Lists mappings and shards every two seconds, and runs a reader for each shard.

It follows deployments, resharding and restarts of the emulator. How a shard is read is in `shard`;
which shards to start is in `shard_selection`.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from ecom_pipeline.local.poller import checkpoints, shard_selection
from ecom_pipeline.local.poller.aws import Aws, Shard, Stream, UnavailableError
from ecom_pipeline.local.poller.mapping import Mapping, MappingError, is_kinesis, parse
from ecom_pipeline.local.poller.records import Origin
from ecom_pipeline.local.poller.shard import Assignment, ShardReader

log = logging.getLogger(__name__)

REFRESH = 2.0  # seconds

Consumer = tuple[str, str]


class CrashError(Exception):
    """A reader ended with an error: the process ends, rather than serve only some shards."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A mapping that is served, and its readers by shard."""

    mapping: Mapping
    role: str
    folder: Path
    readers: dict[str, ShardReader] = field(default_factory=dict)

    def stop(self) -> None:
        """Stop all readers."""
        for reader in self.readers.values():
            reader.stop()

    def join(self) -> None:
        """Wait for the current invocations."""
        for reader in self.readers.values():
            reader.join()


class Supervisor:
    """Serves every disabled Kinesis mapping of an endpoint until it is stopped."""

    def __init__(self, aws: Aws, home: Path) -> None:
        self._aws, self._home = aws, home
        self._readings: dict[Consumer, Reading] = {}
        self._last_logged: dict[str, str] = {}

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set; current invocations are finished first.

        Raises:
            CrashError: a reader ended with an error.
            MappingError: a mapping is not supported.
        """
        try:
            while not stop.is_set():
                self._refresh()
                stop.wait(REFRESH)
        finally:
            for reading in self._readings.values():
                reading.stop()
            for reading in self._readings.values():
                reading.join()

    def _refresh(self) -> None:
        self._check()
        try:
            wanted = self._wanted()
            self._log_change("mappings", "serving %d mappings", len(wanted))
        except UnavailableError as error:
            self._log_change("mappings", "no answer reason=%s", error)
            return
        for consumer in [one for one in self._readings if one not in wanted]:
            self._drop(consumer, "mapping gone")
        for consumer, mapping in wanted.items():
            try:
                self._follow(consumer, mapping)
                self._log_change(mapping.function, "following stream=%s", mapping.stream)
            except UnavailableError as error:
                self._log_change(
                    mapping.function, "no answer stream=%s reason=%s", mapping.stream, error
                )

    def _check(self) -> None:
        for consumer, reading in self._readings.items():
            if any(reader.crashed for reader in reading.readers.values()):
                raise CrashError(f"function={consumer[0]} stream={consumer[1]}")

    def _wanted(self) -> dict[Consumer, Mapping]:
        """Return the mappings to serve: those that are disabled in the emulator."""
        wanted: dict[Consumer, Mapping] = {}
        for answer in filter(is_kinesis, self._aws.mappings()):
            if answer["State"] != "Disabled":
                self._log_change(
                    answer["UUID"],
                    "left to the emulator function=%s: disable the mapping",
                    answer["FunctionArn"],
                )
                continue
            mapping = parse(answer)
            consumer = (mapping.function, mapping.stream)
            if consumer in wanted:
                raise MappingError(f"{mapping.function_arn}: mapped twice to {mapping.stream}")
            wanted[consumer] = mapping
        return wanted

    def _follow(self, consumer: Consumer, mapping: Mapping) -> None:
        stream = self._aws.stream(mapping.stream)
        known = self._readings.get(consumer)
        if known and known.mapping != mapping:
            self._drop(consumer, "mapping changed")
        if consumer not in self._readings:
            role = self._aws.role(mapping.function_arn)
            folder = checkpoints.folder(self._home, *consumer)
            self._readings[consumer] = Reading(mapping, role, folder)
        reading = self._readings[consumer]
        self._release(reading, stream)
        self._start(reading, stream)

    def _release(self, reading: Reading, stream: Stream) -> None:
        """Remove the readers whose shard is read to its end or gone."""
        listed = {shard.shard_id: shard for shard in stream.shards}
        for shard_id, reader in list(reading.readers.items()):
            shard = listed.get(shard_id)
            if not shard or not shard_selection.is_same(reader.checkpoint, stream, shard):
                reader.leave()
            if not reader.is_alive():
                self._log(reading, "shard ended", shard_id)
                del reading.readers[shard_id]

    def _start(self, reading: Reading, stream: Stream) -> None:
        """Start a reader for each shard that is ready."""
        found = dict(checkpoints.load_all(reading.folder))
        same = {
            shard.shard_id: found[shard.shard_id]
            for shard in stream.shards
            if shard_selection.is_same(found.get(shard.shard_id), stream, shard)
        }
        closed = {shard_id for shard_id, checkpoint in same.items() if checkpoint.closed}
        known = any(one.stream_created == stream.created for one in found.values())
        for shard in shard_selection.ready(stream.shards, reading.readers, closed):
            checkpoint = same.get(shard.shard_id)
            if checkpoint is None:
                if shard.shard_id in found:
                    self._log(reading, "re-created, starting again", shard.shard_id)
                checkpoint = shard_selection.first(
                    reading.mapping, stream, shard, known=known, now=time.time()
                )
                checkpoints.save(reading.folder, shard.shard_id, checkpoint)
            self._read(reading, shard, checkpoint)

    def _read(self, reading: Reading, shard: Shard, checkpoint: checkpoints.Checkpoint) -> None:
        mapping = reading.mapping
        origin = Origin(shard=shard.shard_id, stream_arn=mapping.stream_arn, role_arn=reading.role)
        assignment = Assignment(mapping=mapping, origin=origin, folder=reading.folder)
        reader = ShardReader(self._aws, assignment, checkpoint)
        reading.readers[shard.shard_id] = reader
        reader.start()
        self._log(reading, f"reading after={checkpoint.sequence}", shard.shard_id)

    def _drop(self, consumer: Consumer, why: str) -> None:
        reading = self._readings.pop(consumer)
        self._log(reading, why, "*")
        reading.stop()
        reading.join()

    def _log(self, reading: Reading, what: str, shard_id: str) -> None:
        mapping = reading.mapping
        log.info(
            "%s function=%s stream=%s shard=%s", what, mapping.function, mapping.stream, shard_id
        )

    def _log_change(self, subject: str, message: str, *facts: object) -> None:
        """Log a message only if it changed: repeating it every two seconds would hide others."""
        text = message % facts
        if self._last_logged.get(subject) != text:
            self._last_logged[subject] = text
            log.info(text)
