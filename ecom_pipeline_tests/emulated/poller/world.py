"""An emulator, a stream with a function, and the poller: real processes, real boto3."""

import functools
import io
import json
import os
import signal
import subprocess
import sys
import urllib.request
import zipfile
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from ecom_pipeline.local.poller import progress
from ecom_pipeline_tests.children import end
from ecom_pipeline_tests.conftest import free_port
from ecom_pipeline_tests.waiting import until

REGION = "eu-west-1"
ACCOUNT = "000000000000"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
FUNCTION = Path(__file__).with_name("function.py")


@dataclass
class Emulator:
    """ministack as a process; its state outlives a restart, not a kill."""

    home: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.port = self.port or free_port()
        environment = {
            **os.environ,
            **CREDENTIALS,
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(self.home / "state"),
            "S3_DATA_DIR": str(self.home / "s3"),
            "TMPDIR": str(self.home),
            "LOG_LEVEL": "WARNING",
        }
        with (self.home / "emulator.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ecom_pipeline.local.emulator"],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until(self._answers, f"a response of the emulator on port {self.port}")

    def stop(self) -> None:
        assert self.process
        end(self.process)

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False


@dataclass
class World:
    """One stream of two shards, one function, one disabled mapping, one home for checkpoints."""

    emulator: Emulator
    home: Path
    name: str
    pollers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    sent: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        client = self.emulator.client
        self.kinesis, self.functions = client("kinesis"), client("lambda")
        self.sqs, self.s3 = client("sqs"), client("s3")
        self.notes, self.log = self.home / "notes.jsonl", self.home / "poller.log"
        self.stream_arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{self.name}"
        self.queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"

    def deploy(self, answer: str = "report", seconds: float = 0, **settings: Any) -> None:
        self.kinesis.create_stream(StreamName=self.name, ShardCount=2)
        self.queue_url = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        environment = {"NOTES": str(self.notes), "ANSWER": answer, "SECONDS": str(seconds)}
        self.functions.create_function(
            FunctionName=self.name,
            Runtime="python3.11",
            Role=f"arn:aws:iam::{ACCOUNT}:role/{self.name}",
            Handler="function.handler",
            Code={"ZipFile": _zipped()},
            Environment={"Variables": environment},
        )
        self.mapping = self.functions.create_event_source_mapping(
            FunctionName=self.name,
            EventSourceArn=self.stream_arn,
            Enabled=False,
            **{"StartingPosition": "TRIM_HORIZON", **settings},
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )

    def put(self, *datas: str, keys: int = 8) -> None:
        """Put records, under one of a few partition keys, and remember each shard's last."""
        for start in range(0, len(datas), 500):
            chunk = datas[start : start + 500]
            records = [
                {"Data": data.encode(), "PartitionKey": f"key-{(start + n) % keys}"}
                for n, data in enumerate(chunk)
            ]
            answer = self.kinesis.put_records(StreamName=self.name, Records=records)
            for one in answer["Records"]:
                self.sent[one["ShardId"]] = one["SequenceNumber"]

    def poll(self) -> subprocess.Popen[bytes]:
        flags = {"--endpoint-url": self.emulator.url, "--region": REGION, "--home": str(self.home)}
        command = [sys.executable, "-m", "ecom_pipeline.local.poller", *chain(*flags.items())]
        with self.log.open("ab") as log:
            poller = subprocess.Popen(
                command, env={**os.environ, **CREDENTIALS}, stderr=log, start_new_session=True
            )
        self.pollers.append(poller)
        return poller

    def wait(self) -> None:
        """Wait until the checkpoints have reached what was put."""
        consumer = (self.name, self.name)
        reached = functools.partial(progress.caught_up, self.home, self.sent, [consumer])
        until(reached, f"the poller to reach {self.sent}")

    def says(self, text: str, times: int = 1) -> None:
        """Wait until the poller's log has a text."""
        until(lambda: self.log.read_text().count(text) >= times, f"the poller to log {text!r}")

    def gets(self, batches: int) -> None:
        """Wait until the function was given so many batches."""
        until(lambda: len(self.batches) >= batches, f"{batches} batches at the function")

    @property
    def batches(self) -> list[list[dict[str, str]]]:
        """What the function was given, an invocation a row."""
        if not self.notes.exists():
            return []
        return [json.loads(line) for line in self.notes.read_text().splitlines()]

    @property
    def delivered(self) -> list[str]:
        return [note["data"] for batch in self.batches for note in batch]

    def letters(self) -> list[dict[str, Any]]:
        """Empty the failure queue."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
            if not answer.get("Messages"):
                return found
            found += [json.loads(message["Body"]) for message in answer["Messages"]]
            for message in answer["Messages"]:
                self.sqs.delete_message(
                    QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )

    def close(self) -> None:
        for poller in self.pollers:
            end(poller, signal.SIGKILL)
        self.functions.delete_event_source_mapping(UUID=self.mapping["UUID"])


def _zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.write(FUNCTION, "function.py")
    return buffer.getvalue()
