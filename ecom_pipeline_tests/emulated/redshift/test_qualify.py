"""QUALIFY: rows are chosen by windows before they are made distinct, sorted and limited.

https://docs.aws.amazon.com/redshift/latest/dg/r_QUALIFY_clause.html. Needs only `connect`.
"""

from datetime import date
from typing import Any

import pytest
from redshift_connector import ProgrammingError

pytestmark = pytest.mark.redshift_live

SALES = (
    "create table store_sales (ss_sold_date date, ss_sold_time time, ss_item text,"
    " ss_sales_price float)",
    """insert into store_sales values ('2022-01-01', '09:00:00', 'Product 1', 100.0),
    ('2022-01-01', '11:00:00', 'Product 2', 500.0), ('2022-01-01', '15:00:00', 'Product 3', 20.0),
    ('2022-01-01', '17:00:00', 'Product 4', 1000.0), ('2022-01-01', '18:00:00', 'Product 5', 30.0),
    ('2022-01-02', '10:00:00', 'Product 6', 5000.0),
    ('2022-01-02', '16:00:00', 'Product 7', 5.0)""",
)
BEST = "row_number() over (partition by ss_sold_date order by ss_sales_price desc)"
QUERIES = [
    # AWS's own
    (f"select ss_item from (select * from store_sales ss where ss_sold_time > time '12:00:00'"
     f" qualify {BEST} <= 2) order by 1", ["Product 4", "Product 5", "Product 7"]),
    ("select ss_item from store_sales ss qualify last_value(ss_item) over (partition by"
     " ss_sold_date order by ss_sold_time asc rows between unbounded preceding and unbounded"
     " following) = ss_item order by 1", ["Product 5", "Product 7"]),
    # LIMIT counts rows that were chosen
    (f"select ss_item from store_sales s qualify {BEST} = 1 order by ss_item desc limit 1",
     ["Product 6"]),
    (f"select ss_item from store_sales s qualify {BEST} = 2 order by ss_sales_price limit 1",
     ["Product 7"]),
    (f"select ss_item from store_sales s qualify {BEST} < 3 order by 1 limit 2 offset 1",
     ["Product 4", "Product 6"]),
    (f"select top 1 ss_item from store_sales s qualify {BEST} > 4 order by 1", ["Product 3"]),
    # DISTINCT is of rows that were chosen, and windows see all rows
    (f"select distinct ss_sold_date::varchar from store_sales s qualify {BEST} <= 2 order by 1",
     ["2022-01-01", "2022-01-02"]),
    (f"select distinct ss_sold_date::varchar as d from store_sales s qualify {BEST} > 2",
     ["2022-01-01"]),
    (f"select distinct 'x' as k from store_sales s qualify {BEST} <= 2 order by k limit 5", ["x"]),
    # aliases, groups, unnamed columns, several in one statement
    (f"select ss_item, {BEST} as place from store_sales s qualify place = 1 order by 1 limit 1",
     ["Product 4"]),
    ("select ss_sold_date::varchar, count(*) from store_sales s group by ss_sold_date"
     " qualify rank() over (order by count(*)) = 1 order by 1 limit 3", ["2022-01-02"]),
    (f"with b as (select s.* from store_sales s qualify {BEST} = 1) select ss_item from b b"
     " qualify row_number() over (order by ss_sales_price) = 1 limit 1", ["Product 4"]),
    (f"select ss_item from store_sales s qualify {BEST} = 1 union all select ss_item from"
     f" store_sales s qualify {BEST} = 5 order by 1", ["Product 3", "Product 4", "Product 6"]),
]  # fmt: skip


@pytest.fixture
def sales(cursor: Any) -> Any:
    """A cursor in a transaction that has made AWS's table."""
    for sql in SALES:
        cursor.execute(sql)
    return cursor


@pytest.mark.parametrize(("query", "expected"), QUERIES)
def test_qualify_chooses_rows_before_they_are_cut(
    sales: Any, query: str, expected: list[str]
) -> None:
    sales.execute(query)
    assert [row[0] for row in sales.fetchall()] == expected


def test_a_star_has_the_columns_of_its_tables_and_no_other(sales: Any) -> None:
    query = "select * from store_sales s join (select 1 as k) t on true qualify {} = 1 {}"
    sales.execute(query.format(BEST, "order by ss_sales_price desc limit 1"))
    names = ["ss_sold_date", "ss_sold_time", "ss_item", "ss_sales_price", "k"]
    assert [column[0] for column in sales.description] == names
    assert sales.fetchone()[2:] == ["Product 6", 5000.0, 1]


def test_a_column_keeps_the_name_that_it_has_without_qualify(sales: Any) -> None:
    shown = "max(ss_item), count(*), ss_sold_date, ss_sold_date::varchar, {} + 1, 1 as n"
    shown = shown.format("sum(ss_sales_price)")
    names = []
    for condition in ("", "qualify row_number() over () = 1"):
        sales.execute(f"select {shown} from store_sales s group by ss_sold_date {condition}")
        names.append([column[0] for column in sales.description])
    assert names[0] == names[1]


def test_a_constant_takes_its_type_from_where_it_is_inserted(sales: Any) -> None:
    sales.execute(
        "insert into store_sales select '2023-01-01', ss_sold_time, 'x', null from store_sales s"
        f" qualify {BEST} = 1"
    )
    sales.execute("select distinct ss_sold_date from store_sales where ss_item = 'x'")
    assert sales.fetchall() == ([date(2023, 1, 1)],)


def test_a_parameter_is_bound_wherever_it_stands(sales: Any) -> None:
    query = f"select ss_item, %s from store_sales s where ss_sales_price > %s qualify {BEST} = %s"
    sales.execute(query + " order by 1 limit %s", ("x", 10, 1, 1))
    assert sales.fetchall() == (["Product 4", "x"],)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("select distinct ss_item from store_sales s qualify rank() over (order by ss_item) = 1"
         " order by ss_sales_price", "must be in the select list"),
        ("select * from store_sales s join store_sales t using (ss_item)"
         " qualify rank() over (order by ss_item) = 1", "name the columns"),
    ],
)  # fmt: skip
def test_what_qualify_can_not_do_is_refused(sales: Any, query: str, why: str) -> None:
    with pytest.raises(ProgrammingError, match=why):
        sales.execute(query)
