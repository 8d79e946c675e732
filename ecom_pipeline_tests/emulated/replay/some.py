"""A source and a target: the arguments of most calls of send()."""

from itertools import count, islice

from ecom_pipeline.client.events_api import Target
from ecom_pipeline.replay.errors import DatasetError
from ecom_pipeline.replay.sender import Pace
from ecom_pipeline_tests.emulated.replay.shop import KEY

SMALL = Pace(batch_size=100, concurrency=3)


class Some:
    """A few events, or an endless row of them; counts those that were asked for."""

    undated = 0

    def __init__(self, rows=None, name="some", broken_after=None):
        self.rows, self.name, self.broken_after, self.read = rows, name, broken_after, 0

    def __iter__(self):
        for number in islice(count(1), self.rows):
            if number == self.broken_after:
                raise DatasetError("the file ends here")
            self.read = number
            yield (
                number,
                {
                    "InvoiceNo": str(number),
                    "StockCode": "41001",
                    "Description": None,
                    "Quantity": 1,
                    "InvoiceDate": "12/1/2010 8:26",
                    "UnitPrice": 1,
                    "CustomerID": None,
                    "Country": "EIRE",
                    "event_id": f"id-{number}",
                },
            )


def target(shop, **changes):
    return Target(**({"url": shop.url, "api_key": KEY} | changes))


def ids_of(source):
    return {event["event_id"] for _, event in source}
