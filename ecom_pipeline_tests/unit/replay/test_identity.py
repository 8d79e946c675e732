"""An event's id is the sale's: the same in any form of a file, and inside a longer one."""

from datetime import date

from ecom_pipeline.domain.days import DayRange
from ecom_pipeline.replay.choices import DATA_SET
from ecom_pipeline.replay.dataset import events
from ecom_pipeline_tests.unit.replay.writing import (
    Form,
    Line,
    json_lines,
    parquet,
    read,
    workbook,
)


def some(made_up) -> list[Line]:
    return read(made_up.path, DATA_SET)[:1_500]


def ids(path, **selection):
    return [str(event["event_id"]) for _, event in events(path, **selection)]


def test_the_same_rows_in_any_form_are_the_same_events(made_up, tmp_path):
    lines = some(made_up)
    path = tmp_path / "rows"
    first = ids(Form(encoding="iso-8859-1", dates="ISO").write(path, lines))
    assert first == ids(made_up.path, choices=DATA_SET, limit=1_500)
    assert len(set(first)) == len(lines)
    for form in (
        Form(end="\n", encoding="utf-16", separator="\t", dates="Japanese"),
        Form(dates="ISO seconds", numbers="float", customers="{}.0", missing="NULL"),
        Form(dates="named", numbers="German", separator=";", order=(7, 3, 1, 0, 2, 6, 5, 4)),
        Form(dates="Excel", numbers="four decimals", index=True, packed=True, quotes="Spark"),
    ):
        assert ids(form.write(path, lines)) == first
    assert ids(json_lines(path, lines)) == first
    assert ids(parquet(path, lines)) == first
    assert ids(workbook(path, {"sales": lines})) == first


def test_a_longer_file_has_the_ids_of_the_shorter_one(made_up, tmp_path):
    lines = some(made_up)
    path = tmp_path / "rows.csv"
    shorter = ids(Form(dates="ISO").write(path, lines[:700]))
    assert ids(Form(dates="ISO").write(path, lines))[:700] == shorter
    assert sorted(ids(Form(dates="ISO").write(path, lines[699::-1]))) == sorted(shorter)


def test_a_selection_does_not_change_the_number_of_an_equal_row(made_up, tmp_path):
    line = some(made_up)[0]
    other = line._replace(time=line.time.replace(day=line.time.day + 1))
    path = Form(dates="ISO").write(tmp_path / "rows.csv", [line, other, line, line, other])
    whole = ids(path)
    day = date(*other.time.timetuple()[:3])
    assert len(set(whole)) == 5
    assert ids(path, days=DayRange(day, day)) == [whole[1], whole[4]]
    assert ids(path, limit=2) == whole[:2]
    assert sorted(ids(path, seed=3)) == sorted(whole)


def test_a_corrected_row_is_another_event(made_up, tmp_path):
    lines = some(made_up)[:2]
    path = tmp_path / "rows.csv"
    before = ids(Form(dates="ISO").write(path, lines))
    corrected = [lines[0], lines[1]._replace(quantity=lines[1].quantity + 1)]
    after = ids(Form(dates="ISO").write(path, corrected))
    assert before[0] == after[0]
    assert before[1] != after[1]
