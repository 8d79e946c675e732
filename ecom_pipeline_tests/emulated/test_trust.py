"""The trust row: what it says before and after days are published, compared and published again."""

import pytest

from ecom_pipeline.batch import connect, migrations
from ecom_pipeline.batch.mart_list import DATA_TRUST
from ecom_pipeline.bi import marts as bi

pytestmark = pytest.mark.usefixtures("redshift")


@pytest.fixture
def warehouse(aws):
    found = connect.warehouse(aws)
    migrations.migrate(found)
    return found


def test_it_has_the_columns_that_people_are_shown(warehouse):
    rows = warehouse.query(
        "select column_name from svv_columns where table_schema = 'sales'"
        " and table_name = 'data_trust' order by ordinal_position"
    )
    assert [name for (name,) in rows] == [column.name for column in DATA_TRUST.columns]
    print(bi.read(warehouse)["data_trust"].records())
