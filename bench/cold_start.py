"""`python -m bench.cold_start`: the cost of a function's cold start, against boto3's alone.

Every function with boto3 has to import it and to create its first client, so ours are compared with
that, as a ratio, each in a separate process. Prints a table.
"""

import sys
from collections.abc import Iterator
from statistics import median

from bench import outcome
from bench.timed import cpu_seconds

ROUNDS = 7
MOST = 1.5
FIRST_CLIENT = {"ingest": "kinesis", "store": "dynamodb", "archive": "s3", "query": "dynamodb"}
_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": "eu-west-2",
    "AWS_ACCESS_KEY_ID": "none",  # otherwise boto3 would search for them, at last on the network
    "AWS_SECRET_ACCESS_KEY": "none",
}


def figures() -> Iterator[outcome.Figure]:
    """Yield each function's cold start: the interpreter, the import and the first client."""
    for function, service in FIRST_CLIENT.items():
        statements = (
            f"import boto3; boto3.client({service!r})",
            f"from ecom_pipeline.realtime import {function}, clients; clients.client({service!r})",
        )
        rounds = range(ROUNDS + 1)  # the first writes the bytecode
        found = [[cpu_seconds(each, _ENVIRONMENT) for each in statements] for _ in rounds][1:]
        alone, ours = (median(column) for column in zip(*found, strict=True))
        name = f"cold start of {function}, CPU s (boto3's first client)"
        yield outcome.Figure(name, alone, ours, at_most=MOST)


def main() -> int:
    """Measure and print; in turn, so that load on the machine affects both."""
    outcome.show(list(figures()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
