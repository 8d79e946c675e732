"""One worker of a shard: a thread that delivers its batches one after the other.

Implements the `Target` of `delivery`: invocations, the on-failure destination, pauses, the log.
Which records a worker gets, and how a finished one moves the checkpoint, is in `shard`.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from ecom_pipeline.local.poller.aws import Aws, UnavailableError
from ecom_pipeline.local.poller.batching import Queue, batches
from ecom_pipeline.local.poller.delivery import Discard, backoff, deliver
from ecom_pipeline.local.poller.destination import InvocationRecord, invocation_record
from ecom_pipeline.local.poller.invocation import InvocationResult, NotInvoked
from ecom_pipeline.local.poller.mapping import Mapping
from ecom_pipeline.local.poller.records import Record

log = logging.getLogger(__name__)

Finished = Callable[[Sequence[Record]], None]


class Worker(threading.Thread):
    """Delivers what is put in `queue` until the queue ends or `stop` is set."""

    def __init__(
        self, aws: Aws, mapping: Mapping, shard: str, finished: Finished, stop: threading.Event
    ) -> None:
        super().__init__(name=f"{mapping.function}/{shard}", daemon=True)
        self.queue: Queue = SimpleQueue()
        self._aws, self._mapping, self._shard, self._stopping = aws, mapping, shard, stop
        self._finished, self._completed = finished, False

    def run(self) -> None:
        self._serve()
        self._completed = True

    @property
    def crashed(self) -> bool:
        """Whether the thread ended with an error."""
        return self.ident is not None and not self.is_alive() and not self._completed

    def _serve(self) -> None:
        for batch in batches(self.queue, self._mapping.batch_size, self._mapping.window):
            begun = time.monotonic()
            if not deliver(batch, self._mapping, self):
                return
            milliseconds = round((time.monotonic() - begun) * 1000)
            self._log(logging.INFO, "delivered", records=len(batch), ms=milliseconds)

    def invoke(self, records: Sequence[Record]) -> InvocationResult | NotInvoked:
        outcome = self._aws.invoke(self._mapping, records)
        batch = {"records": len(records), "first": records[0].sequence}
        if isinstance(outcome, NotInvoked):
            self._log(logging.WARNING, "refused", **batch, reason=outcome.reason)
        elif outcome.finished < len(records):
            failed = {"finished": outcome.finished, "error": outcome.error}
            self._log(logging.WARNING, "failed", **batch, **failed)
        return outcome

    def discard(self, discard: Discard) -> bool:
        batch = {"records": len(discard.records), "first": discard.records[0].sequence}
        self._log(logging.ERROR, "given up", **batch, condition=discard.condition)
        written = invocation_record(discard, self._mapping, self._shard)
        return written is None or self._send(written)

    def finished(self, records: Sequence[Record]) -> None:
        self._finished(records)

    def pause(self, seconds: float) -> bool:
        return self._stopping.wait(seconds) if seconds else self._stopping.is_set()

    def now(self) -> float:
        return time.time()

    def _send(self, written: InvocationRecord) -> bool:
        """Send until accepted; False if it was stopped before."""
        tries = 0
        while not self._stopping.is_set():
            try:
                self._aws.send(written)
            except UnavailableError as error:
                tries += 1
                self._log(logging.WARNING, "not accepted", destination=written.name, reason=error)
                self.pause(backoff(tries))
            else:
                return True
        return False

    def _log(self, level: int, what: str, **facts: object) -> None:
        facts = {"function": self._mapping.function, "shard": self._shard, **facts}
        log.log(level, "%s %s", what, " ".join(f"{key}={fact}" for key, fact in facts.items()))
