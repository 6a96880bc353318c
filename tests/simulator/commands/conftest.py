"""The small network as a file."""

from pathlib import Path

import pytest

from tests.simulator.commands.calls import NETWORK


@pytest.fixture
def network(tmp_path: Path) -> str:
    path = tmp_path / "small.csv"
    path.write_text(NETWORK)
    return str(path)
