"""The small network as a file, and a cache of one's own for each test."""

from pathlib import Path

import pytest

from tests.simulator.commands.conftest import network

__all__ = ["network"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
