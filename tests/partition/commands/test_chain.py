"""``python -m partition chain`` and ``schedules``."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.partition.commands.calls import partition

PLATFORMS = """\
[[platform]]
name = "phone"

[[platform]]
name = "edge"
hardware = "eyeriss-16bit"
link = {bitrate = "80Mbps", tx_power = "0.78W", rx_power = "0.5W"}

[[platform]]
name = "cloud"
ops = "92Tops"
link = {bitrate = "wifi", round_trip = "1ms"}
"""


@pytest.fixture
def platforms(tmp_path: Path) -> str:
    path = tmp_path / "chain.toml"
    path.write_text(PLATFORMS)
    return str(path)


def test_a_chain_is_shown_written_and_drawn(platforms: str, network: str, tmp_path: Path) -> None:
    shown = partition("chain", network, "--platforms", platforms)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert max(map(len, shown.stdout.splitlines())) <= 80
    record = json.loads(partition("chain", network, "--platforms", platforms, "--json", "-").stdout)
    assert [each["name"] for each in record["platforms"]] == ["phone", "edge", "cloud"]
    assert record["platforms"][2]["link"]["rx_power_W"] == 0.0
    rows = list(csv.DictReader(io.StringIO(partition("chain", network, "--platforms", platforms, "--csv", "-").stdout)))
    assert len(rows) == len(record["front"])
    assert [row["best"] for row in rows].count("1") == 1
    picture = tmp_path / "chain.svg"
    assert partition("chain", network, "--platforms", platforms, "--out", str(picture)).returncode == 0
    assert picture.stat().st_size > 1000


def test_a_chain_that_takes_too_long_is_told(platforms: str, network: str) -> None:
    told = partition("chain", network, "--platforms", platforms, "--max-delay", "1us")
    assert told.returncode == 1
    assert told.stderr.startswith("chain: no way to cut small takes at most 0.001 ms; the fastest takes ")


def test_schedules_are_kept_and_taken(network: str, tmp_path: Path) -> None:
    phone, grid, kept, now = (tmp_path / name for name in ("phone.toml", "grid.toml", "s.json", "now.json"))
    phone.write_text('[[processor]]\nname = "a"\n[[processor]]\nname = "b"\nhardware = "eyeriss-16bit"\n')
    grid.write_text('bitrate = ["1Mbps", "80Mbps"]\ntx_power = "0.5W"\n[utilisation]\na = [0.0, 0.9]\n')
    now.write_text('{"utilisation": {"a": 0.85}, "bitrate_bps": 2e6, "tx_power_W": 0.5}')
    say = ("--processors", str(phone), "--max-delay", "10ms")
    shown = partition("schedules", network, *say, "--grid", str(grid), "--parts", "2", "--keep", "2")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "schedules kept for" in shown.stdout
    partition("schedules", network, *say, "--grid", str(grid), "--parts", "2", "--keep", "2", "--out", str(kept))
    record = json.loads(kept.read_text())
    assert len(record["schedules"]) <= 2
    taken = partition("split", network, *say, "--schedules", str(kept), "--now", str(now), "--json", "-")
    assert taken.returncode == 0, taken.stderr
    best = json.loads(taken.stdout)["best"]
    assert best["kept"] == any(each["split"] == best["split"] for each in record["schedules"])
    solved = json.loads(partition("split", network, *say, "--parts", "2", "--now", str(now), "--json", "-").stdout)
    assert solved["channel"]["bitrate_bps"] == 2e6
    assert [each["utilisation"] for each in solved["processors"]] == [0.85, 0.0]
    assert best["energy_J"] >= solved["best"]["energy_J"] * (1 - 1e-12)
    none = partition(
        "schedules", network, "--processors", str(phone), "--grid", str(grid), "--parts", "2", "--max-delay", "1us"
    )
    assert none.returncode == 1
    assert none.stderr == "schedules: none of 4 conditions has a schedule in time\n"
    both = partition("split", network, *say, "--now", str(now), "--bitrate", "wifi")
    assert both.returncode == 2
    assert "--bitrate is given, and the record of --now has one; expected one of them" in both.stderr
