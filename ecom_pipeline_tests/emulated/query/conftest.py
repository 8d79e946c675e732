"""The secret that signs page tokens, a separate one for each test."""

import uuid

import boto3
import pytest


@pytest.fixture
def sealed(functions, monkeypatch):
    """Return the ARN of the secret that the query function is given."""
    secrets = boto3.client("secretsmanager")
    arn = secrets.create_secret(Name=f"seal-{uuid.uuid4()}", SecretString="first")["ARN"]
    monkeypatch.setenv("PAGE_TOKEN_SECRET_ARN", arn)
    return arn
