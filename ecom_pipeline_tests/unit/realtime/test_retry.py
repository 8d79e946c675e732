"""realtime.retry: retries with exponential backoff, never past the invocation's time."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.realtime import retry


@dataclass
class Clock:
    """A monotonic clock that moves when somebody sleeps."""

    now: float = 1_000.0
    pauses: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@settings(max_examples=settings().max_examples // 2)
@given(seconds=st.floats(-5, 60), each=st.sampled_from([0, 0.01, 0.5, 4]))
def test_there_is_one_try_and_more_as_long_as_there_is_time_for_a_pause(
    seconds: float, each: float
):
    clock, began, counts = Clock(), [], []
    deadline = clock.now + seconds
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retry, "time", clock)
        for count in retry.attempts(deadline):
            counts.append(count)
            began.append(clock.now)
            clock.now += each
    assert counts == list(range(1, len(began) + 1))
    assert all(start < deadline for start in began[1:])
    longest = [min(0.05 * 2**n, 2.0) for n in range(len(began))]
    assert all(0 <= pause <= most for pause, most in zip(clock.pauses, longest, strict=False))
    assert began
    assert clock.now + longest[-1] >= deadline  # did not stop early


def test_pauses_differ_so_that_many_functions_do_not_ask_at_once():
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retry, "time", clock)
        list(retry.attempts(clock.now + 60))
    assert len(set(clock.pauses)) == len(clock.pauses) > 10


@pytest.mark.parametrize(
    ("remaining", "limits", "seconds"),
    [
        (30_000, {"reserve_ms": 10_000}, 20),
        (30_000, {"reserve_ms": 8_000, "retry_budget_ms": 5_000}, 5),
        (10_000, {"reserve_ms": 8_000, "retry_budget_ms": 5_000}, 2),
        (5_000, {"reserve_ms": 8_000}, -3),
        (None, {"reserve_ms": 8_000}, 12),
    ],
)
def test_the_deadline_leaves_the_reserve_and_is_at_most_the_retry_budget(
    monkeypatch: pytest.MonkeyPatch, remaining: int | None, limits: dict[str, int], seconds: int
):
    monkeypatch.setattr(retry, "time", Clock())
    context = remaining and SimpleNamespace(get_remaining_time_in_millis=lambda: remaining)
    assert retry.deadline_of(context, **limits) == 1_000 + seconds
