"""Compilation goes on where nothing can be kept."""

import logging
from typing import Any

import pytest

from traces import compiled


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_said", [])


def twice(x: int) -> int:
    return 2 * x


def thrice(x: int) -> int:
    return 3 * x


def test_without_a_folder_functions_are_compiled_and_it_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Homeless:
        def __init__(self, function: Any) -> None:
            raise RuntimeError(f"cannot cache function {function.__name__!r}: no locator available")

    monkeypatch.setattr(compiled, "_ForgivingCache", Homeless)
    with caplog.at_level(logging.WARNING):
        assert compiled.njit()(twice)(2) == 4
        assert compiled.njit()(thrice)(2) == 6
    assert len(caplog.records) == 1
    assert "compiled in each run (cannot cache function 'twice'" in caplog.text


@pytest.mark.parametrize("failing", ["load_overload", "save_overload"])
def test_a_cache_that_fails_is_left_alone(
    failing: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    # nothing is there from an earlier run
    monkeypatch.setattr(compiled.FunctionCache, "load_overload", lambda *_: None)
    monkeypatch.setattr(compiled.FunctionCache, failing, full)
    with caplog.at_level(logging.WARNING):
        assert compiled.njit()(twice)(21) == 42
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "No space left on device" in caplog.text
