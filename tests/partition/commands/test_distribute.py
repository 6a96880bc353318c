"""``python -m partition distribute``, as programs and people call it."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.partition.commands.calls import partition

LINK = ("--bitrate", "80Mbps", "--tx-power", "0.78W")


def test_json_says_all_that_scripts_read(network: str) -> None:
    result = partition("distribute", network, "--devices", "3", *LINK, "--json", "-")
    assert (result.returncode, result.stderr) == (0, "")
    record = json.loads(result.stdout)
    assert [record[name] for name in ("network", "source", "bits")] == ["small", "analytical", 8]
    assert record["link"] == {
        "bitrate_bps": 80e6, "tx_power_W": 0.78, "rx_power_W": 0.78, "idle_power_W": 0.0, "medium": "links",
    }  # fmt: skip
    ways = [(each["strategy"], each["variant"]) for each in record["strategies"]]
    assert ways == [
        ("data", ""), ("sequential", ""), ("sequential", "best cuts"), ("horizontal", ""),
        ("horizontal", "fc by filters"), ("fused", ""), ("vertical", ""), ("vertical", "by channels"),
    ]  # fmt: skip
    for each in record["strategies"]:
        devices = each["devices"]
        assert each["max_energy_J"] == max(device["energy_J"] for device in devices)
        assert each["total_energy_J"] == pytest.approx(sum(device["energy_J"] for device in devices))
        assert each["frames"] == (3 if each["strategy"] == "data" else 1)
        for device in devices:
            parts = [device[f"{part}_J"] for part in ("compute", "send", "receive", "idle")]
            assert device["energy_J"] == pytest.approx(sum(parts))
            assert device["send_J"] == pytest.approx(device["sent_bits"] * 0.78 / 80e6)
        assert sum(device["sent_bits"] for device in devices) == pytest.approx(
            sum(device["received_bits"] for device in devices)
        )
        assert sum(device["sent_words"] for device in devices) == sum(device["received_words"] for device in devices)
    best = min(record["strategies"], key=lambda each: each["max_energy_J"])
    assert record["best"] == {"strategy": best["strategy"], "variant": best["variant"]}
    rows = list(
        csv.DictReader(io.StringIO(partition("distribute", network, "--devices", "3", *LINK, "--csv", "-").stdout))
    )
    assert len(rows) == 3 * len(ways)
    assert float(rows[-1]["energy_J"]) == record["strategies"][-1]["devices"][-1]["energy_J"]


def test_two_sources_are_set_side_by_side(network: str, tmp_path: Path) -> None:
    cache = ("--cache", str(tmp_path / "cache"))
    asked = ("distribute", network, "--devices", "2", *LINK, "--source", "analytical", "--source", "simulated", *cache)
    shown = partition(*asked)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "and which is least (1), by" in shown.stdout
    assert "PEs at work" in shown.stdout
    record = json.loads(partition(*asked, "--json", "-").stdout)
    assert list(record["by_source"]) == ["analytical", "simulated"]
    alone = {
        source: json.loads(
            partition("distribute", network, "--devices", "2", *LINK, "--source", source, *cache, "--json", "-").stdout
        )
        for source in record["by_source"]
    }
    assert record["by_source"] == alone
    rows = [each for each in record["shares"] if each["split"] == "rows"]
    assert all(each["active_pes"] <= each["active_pes_whole"] for each in rows)


def test_verified_on_the_machine_and_drawn(network: str, tmp_path: Path) -> None:
    picture = tmp_path / "out.svg"
    result = partition("distribute", network, "--devices", "3", *LINK, "--verify", "--out", str(picture))
    assert result.returncode == 0
    assert picture.read_text().startswith("<?xml")


def test_unlike_devices(network: str, tmp_path: Path) -> None:
    (tmp_path / "half.toml").write_text("b_w = 8\nK = 7")
    fleet = tmp_path / "fleet.toml"
    fleet.write_text('[[device]]\nname = "hub"\n[[device]]\nname = "node"\nhardware = "half.toml"\nmemory = "1MB"')
    record = json.loads(partition("distribute", network, "--devices", str(fleet), *LINK, "--json", "-").stdout)
    assert [(device["name"], device["hardware"]) for device in record["devices"]] == [
        ("hub", "eyeriss-8bit"), ("node", "half"),
    ]  # fmt: skip
    (data,) = [each for each in record["strategies"] if each["strategy"] == "data"]
    hub, node = data["devices"]
    assert node["busy_s"] > hub["busy_s"]


def test_what_does_not_fit_says_so_and_is_a_status(network: str) -> None:
    asked = ("distribute", network, "--devices", "2", *LINK, "--strategy", "data")
    result = partition(*asked, "--memory", "1kB")
    assert result.returncode == 1
    assert ">: too large for some" in result.stdout
    assert result.stderr == "distribute: of these ways, none leaves each device enough memory\n"
    assert partition(*asked, "--memory", "1GB").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--devices", "0", *LINK], "devices is 0; expected 1 to 64"),
        (["--devices", "65", *LINK], "devices is 65; expected 1 to 64"),
        (["--devices", "nowhere.toml", *LINK], "nowhere.toml: cannot be read"),
        (["--devices", "2", "--bitrate", "80Mbps"], "the bit rate has no transmission power"),
        (["--devices", "2", *LINK, "--shares", "1:2:3"], "shares are '1:2:3'; expected 2 numbers like 1:1"),
        (["--devices", "2", *LINK, "--shares", "a:b"], "--shares are 'a:b'; expected numbers like 2:1:1"),
        (["--devices", "2", *LINK, "--shares", "0:0"], "expected a number of at least 0 for each device, not all 0"),
        (["--devices", "2", *LINK, "--cuts", "Z9"], "cuts are Z9; expected some of A, B, C"),
        (["--devices", "2", *LINK, "--cuts", "A,B"], "cuts are A, B; expected at most 1, for 2 devices"),
        (
            ["--devices", "2", *LINK, "--cuts", "A", "--strategy", "data"],
            "cuts are given with data; expected sequential",
        ),
        (["--devices", "2", *LINK, "--memory", "16"], "memory is '16'; expected a size like 16MB"),
        (
            ["--devices", "2", *LINK, "--halo", "recompute", "--fc", "filters", "--strategy", "horizontal"],
            "halo is recompute, and fc is filters",
        ),
    ],
)
def test_bad_input_is_one_line_and_status_2(network: str, arguments: list[str], message: str) -> None:
    result = partition("distribute", network, *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
