"""realtime.clients: when a call is retried, and when an error is final."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from ecom_pipeline.realtime.clients import answer_of

URL = "https://dynamodb.eu-west-2.amazonaws.com"


def raising(error: Exception):
    def call(**_: object):
        raise error

    return call


def refusal(code: str, status: int) -> ClientError:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutItem")  # pyright: ignore[reportArgumentType]


def test_an_answer_is_returned_as_it_is_to_what_was_asked():
    assert answer_of(lambda **asked: asked, TableName="t", Limit=1) == {
        "TableName": "t",
        "Limit": 1,
    }


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
        ReadTimeoutError(endpoint_url=URL),
        refusal("ProvisionedThroughputExceededException", 400),
        refusal("ThrottlingException", 400),
        refusal("LimitExceededException", 400),
        refusal("KMSThrottlingException", 400),
        refusal("InternalServerError", 500),
        refusal("Whatever", 503),
    ],
)
def test_a_lost_answer_and_a_busy_service_are_to_be_asked_again(error: Exception):
    assert answer_of(raising(error)) is None


@pytest.mark.parametrize(
    "error",
    [
        refusal("AccessDeniedException", 400),
        refusal("ValidationException", 400),
        refusal("ResourceNotFoundException", 404),
        NoCredentialsError(),
        ZeroDivisionError(),
    ],
)
def test_what_will_not_pass_is_raised(error: Exception):
    with pytest.raises(type(error)) as raised:
        answer_of(raising(error))
    assert raised.value is error
