"""Files to read: made-up ones always, the real one where it lies beside the project."""

import pytest

from ecom_pipeline.domain.columns import DATA_SET_KEYS
from ecom_pipeline.replay.sample import write_sample
from ecom_pipeline_tests.builders import REAL as DATA

REAL_FILE = DATA / "online_retail.csv.gz"
AT_HAND = ["made up", *(["real"] if REAL_FILE.exists() else [])]


@pytest.fixture(scope="session")
def made_up(tmp_path_factory):
    """A made-up data set of about 6,800 rows."""
    return write_sample(tmp_path_factory.mktemp("made-up") / "sample.csv", days=4)


@pytest.fixture(params=AT_HAND)
def data_set(request, made_up):
    """The path of each data set at hand."""
    return REAL_FILE if request.param == "real" else made_up.path


@pytest.fixture
def written(tmp_path):
    """Return a function that writes rows, given as lists of texts, the way Excel does."""

    def write(*rows, header=DATA_SET_KEYS, encoding="iso-8859-1", name="rows.csv"):
        lines = [",".join(row) + "\r\n" for row in (header, *rows)]
        path = tmp_path / name
        path.write_bytes("".join(lines).encode(encoding))
        return path

    return write


def row(**changes):
    """Return a valid row's texts, in the file's order."""
    texts = {
        "InvoiceNo": "700001",
        "StockCode": "41001",
        "Description": "OCHRE MUG",
        "Quantity": "6",
        "InvoiceDate": "12/1/2010 8:26",
        "UnitPrice": "2.55",
        "CustomerID": "21001",
        "Country": "United Kingdom",
    }
    return list((texts | changes).values())
