"""The shop of these tests, as infra/template.yaml tells the functions."""

import pytest


@pytest.fixture(autouse=True)
def shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIME_ZONE", "Europe/London")
    monkeypatch.setenv("CURRENCY", "GBP")
