"""``python -m partition split``."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.partition.commands.calls import CHANNEL, partition

PHONE = """\
[[processor]]
name = "accurate"
hardware = "eyeriss-16bit"

[[processor]]
name = "frugal"
hardware = "eyeriss-8bit"
utilisation = 0.25
"""


@pytest.fixture
def phone(tmp_path: Path) -> str:
    path = tmp_path / "phone.toml"
    path.write_text(PHONE)
    return str(path)


def test_split_tells_what_runs_where(phone: str, network: str) -> None:
    call = ("split", network, "--processors", phone, "--parts", "2", "--max-delay", "1s")
    shown = partition(*call)
    assert shown.returncode == 0, shown.stderr
    assert "The phone stops after D" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    record = json.loads(partition(*call, "--json", "-").stdout)
    assert [processor["name"] for processor in record["processors"]] == ["accurate", "frugal"]
    assert list(record["best"]["layers"]) == ["A", "B", "C", "D"]
    assert all(sum(parts) == 2 for parts in record["best"]["layers"].values())
    rows = list(csv.DictReader(io.StringIO(partition(*call, "--front", "--csv", "-").stdout)))
    assert len(rows) > 1
    assert float(rows[0]["energy_J"]) == record["best"]["energy_J"]


def test_split_with_a_cloud(phone: str, network: str) -> None:
    shown = partition("split", network, "--processors", phone, "--parts", "2", *CHANNEL, "--front")
    assert shown.returncode == 0, shown.stderr
    assert "ms." in shown.stdout


def test_what_takes_too_long_is_told(phone: str, network: str, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    told = partition("split", network, "--processors", phone, "--parts", "2", "--max-delay", "1us", "--json", str(out))
    assert told.returncode == 1
    assert told.stderr.startswith("split: no schedule takes at most 0.001 ms; the fastest takes ")
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--weight", "0.5", "--max-delay", "1s"), "--weight is given with --max-delay; expected one of them"),
        (("--tx-power", "1W"), "--tx-power is given without --bitrate; expected both, or neither"),
        (("--bitrate", "1Mbps"), "the bit rate has no transmission power; expected one like 0.5W"),
        (("--parts", "3"), "parts is 3, and layer A of small has 8 filters; expected one of 1, 2"),
    ],
)
def test_bad_input(phone: str, network: str, options: tuple[str, ...], message: str) -> None:
    told = partition("split", network, "--processors", phone, *options)
    assert told.returncode == 2
    assert message in told.stderr
    assert len(told.stderr.splitlines()) == 1
