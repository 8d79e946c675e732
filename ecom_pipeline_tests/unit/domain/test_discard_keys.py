"""Keys of discarded records: those of quarantine, read back alike."""

from datetime import date

import pytest

from ecom_pipeline.domain import discard_keys, keys

DAY, RECEIVED = date(2010, 12, 1), date(2010, 12, 2)


@pytest.mark.parametrize("number", [0, 3])
@pytest.mark.parametrize("part", ["", "0123456789", "ab12cd34ef"])
def test_a_discarded_record_of_a_rebuild_still_names_its_day(number, part):
    quarantined = keys.transform_quarantine_key(RECEIVED, DAY, number)
    discarded = discard_keys.discarded_key(quarantined, part)
    assert (keys.day_of(discarded), keys.transform_day_of(discarded)) == (RECEIVED, DAY)
    assert discarded.startswith(discard_keys.transform_discarded_prefix(RECEIVED, DAY))
    assert keys.is_record_object(discarded)
    assert keys.replayed_key(discarded) == keys.replayed_key(quarantined, part)
