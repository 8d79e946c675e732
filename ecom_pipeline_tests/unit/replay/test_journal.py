"""The checkpoint of an interrupted replay."""

from ecom_pipeline.replay.journal import Journal


def done(folder, identity="replay"):
    with Journal(folder, identity) as journal:
        return journal.done


def acknowledge(folder, *batches, identity="replay"):
    with Journal(folder, identity) as journal:
        for batch in batches:
            journal.acknowledge(batch)


def test_acknowledged_batches_are_remembered(tmp_path):
    acknowledge(tmp_path / "new", 0, 2)
    acknowledge(tmp_path / "new", 1)
    assert done(tmp_path / "new") == {0, 1, 2}


def test_a_completed_replay_is_forgotten(tmp_path):
    with Journal(tmp_path, "replay") as journal:
        journal.acknowledge(0)
        journal.complete()
    assert list(tmp_path.iterdir()) == []
    assert done(tmp_path) == frozenset()


def test_replays_are_told_apart(tmp_path):
    acknowledge(tmp_path, 1, identity="one")
    acknowledge(tmp_path, 2, identity="two")
    assert done(tmp_path, "one") == {1}
    assert done(tmp_path, "two") == {2}


def test_a_line_that_a_crash_cut_short_counts_for_nothing_then_or_later(tmp_path):
    acknowledge(tmp_path, 7)
    (file,) = tmp_path.iterdir()
    with file.open("ab") as lines:
        lines.write(b"12")  # of 123
    assert done(tmp_path) == {7}
    acknowledge(tmp_path, 45)
    assert done(tmp_path) == {7, 45}


def test_a_journal_cut_short_in_its_first_line_starts_anew(tmp_path):
    acknowledge(tmp_path, 7)
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"rep")
    assert done(tmp_path) == frozenset()
    acknowledge(tmp_path, 8)
    assert done(tmp_path) == {8}


def test_without_a_folder_nothing_is_remembered():
    with Journal(None, "replay") as journal:
        journal.acknowledge(0)
        journal.complete()
        assert journal.done == frozenset()
