"""The original's producer: one request for each row, each on a new connection."""

import json
from collections.abc import Iterable, Mapping

import requests


def send(events: Iterable[Mapping[str, object]], url: str) -> str:
    """Post events one by one and return the sequence number of the last."""
    sequence = ""
    for event in events:
        answer = requests.post(
            url,
            data=json.dumps(event, default=str),
            headers={"content-type": "application/json"},
            timeout=30,
        )
        answer.raise_for_status()
        sequence = answer.json()["SequenceNumber"]
    return sequence
