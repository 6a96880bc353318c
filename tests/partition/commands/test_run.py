"""``python -m partition run``, as programs and people call it; what all commands refuse."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.partition.commands.calls import CHANNEL, partition


def test_json_says_all_that_scripts_read() -> None:
    result = partition("run", "alexnet", *CHANNEL, "--json", "-")
    assert (result.returncode, result.stderr) == (0, "")
    record = json.loads(result.stdout)
    assert [record[name] for name in ("network", "source", "bits", "bitrate_bps", "tx_power_W", "optimum")] == [
        "alexnet",
        "analytical",
        8,
        60e6,
        0.5,
        "P2",
    ]
    assert record["saving_vs_fisc_percent"] == pytest.approx(31.4, abs=0.05)
    cuts = {cut["cut"]: cut for cut in record["cuts"]}
    assert next(iter(cuts)) == "In"
    assert list(cuts)[-1] == "FC8"
    assert cuts["FC8"]["transmit_bits"] == 0
    assert cuts["In"]["client_energy_J"] == 0
    for cut in cuts.values():
        assert cut["transmit_energy_J"] == pytest.approx(cut["transmit_bits"] / 60e6 * 0.5)
        assert cut["total_energy_J"] == pytest.approx(cut["client_energy_J"] + cut["transmit_energy_J"])
    best, fcc = cuts["P2"]["total_energy_J"], cuts["In"]["total_energy_J"]
    assert record["saving_vs_fcc_percent"] == pytest.approx(100 * (1 - best / fcc))
    rows = list(csv.DictReader(io.StringIO(partition("run", "alexnet", *CHANNEL, "--csv", "-").stdout)))
    assert [{name: row[name] for name in row} for row in rows] == [
        {name: str(value) for name, value in cut.items()} for cut in record["cuts"]
    ]


def test_a_person_reads_where_to_cut_and_what_it_saves() -> None:
    result = partition("run", "squeezenet1_1", *CHANNEL, "--max-delay", "50ms")
    assert (result.returncode, result.stderr) == (0, "")
    assert "Cut after Fs6: 2.837 mJ; saves 54.9 %" in result.stdout
    assert "31.4 %" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_a_delay_that_nothing_meets_says_so() -> None:
    result = partition("run", "alexnet", *CHANNEL, "--max-delay", "1ms", "--json", "-")
    assert result.returncode == 1
    assert result.stderr.startswith("no cut is within 0.001 s; the fastest takes 0.012")
    assert json.loads(result.stdout)["optimum"] is None


def test_a_tight_delay_moves_the_cut() -> None:
    result = partition("run", "alexnet", *CHANNEL, "--max-delay", "15ms", "--json", "-")
    record = json.loads(result.stdout)
    delays = {cut["cut"]: cut["delay_s"] for cut in record["cuts"]}
    assert record["optimum"] == "P1"
    assert delays["P1"] <= 0.015 < delays["P2"]


def test_the_fastest_cut_a_free_channel_and_a_radio_by_name() -> None:
    fastest = json.loads(partition("run", "alexnet", *CHANNEL, "--least", "delay", "--json", "-").stdout)
    assert fastest["optimum"] == min(fastest["cuts"], key=lambda cut: cut["delay_s"])["cut"]
    free = json.loads(partition("run", "alexnet", "--bitrate", "60mbps", "--tx-power", "0W", "--json", "-").stdout)
    assert (free["optimum"], free["saving_vs_fisc_percent"]) == ("In", 100.0)
    named = json.loads(partition("run", "alexnet", "--bitrate", "wifi", "--round-trip", "5ms", "--json", "-").stdout)
    assert [named[name] for name in ("bitrate_bps", "tx_power_W", "round_trip_s")] == [80e6, 0.78, 0.005]


def test_branches_may_be_cut_for_less() -> None:
    result = partition("run", "googlenet", "--bitrate", "60Mbps", "--tx-power", "1W", "--sparsity-in", "0.5199")
    assert "Cut after I4a" in result.stdout
    assert "Through its branches: 14.26 mJ" in result.stdout


def test_the_machine_is_a_source_with_a_codec(network: str, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    arguments = ("run", network, *CHANNEL, "--source", "simulated", "--cache", str(cache), "--json", "-")
    first = json.loads(partition(*arguments).stdout)
    assert [cut["cut"] for cut in first["cuts"]] == ["In", "A", "B+C", "mixed", "D"]
    assert "codec_bits" in first["cuts"][1]
    assert "codec_bits" not in first["cuts"][-1]
    assert len(list(cache.iterdir())) == 1
    assert json.loads(partition(*arguments).stdout) == first
    shown = partition(*arguments[:-2])
    assert "codec" in shown.stdout


def test_an_image_takes_the_place_of_its_zeros(network: str, tmp_path: Path) -> None:
    path = tmp_path / "image.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)).save(path)
    result = partition("run", network, *CHANNEL, "--image", str(path), "--json", "-")
    record = json.loads(result.stdout)
    assert 0 < record["sparsity_in"] < 1
    assert record["jpeg_file_bits"] > 0
    assert "JPEG file" in partition("run", network, *CHANNEL, "--image", str(path)).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "alexnet"], "Missing option '--bitrate'"),
        (["run", "alexnet", "--bitrate", "60", "--tx-power", "0.5W"], "'60'; expected a bit rate like 60Mbps"),
        (["run", "alexnet", "--bitrate", "0Mbps", "--tx-power", "0.5W"], "from 1 to 1e+15 bps"),
        (["run", "alexnet", "--bitrate", "60Mbps", "--tx-power", "0.5"], "expected a power like 0.5W"),
        (["run", "alexnet", "--bitrate", "60MBps", "--tx-power", "1W"], "'60MBps'; expected a bit rate like 60Mbps"),
        (["run", "alexnet", "--bitrate", "60Mbps"], "the bit rate has no transmission power; expected one like 0.5W"),
        (["run", "alexnet", *CHANNEL, "--cloud-ops", "0"], "expected a speed like 92Tops"),
        (["run", "alexnet", *CHANNEL, "--sparsity-in", "60"], "'--sparsity-in'"),
        (["run", "alexnet", *CHANNEL, "--max-delay", "50"], "expected a time like 50ms"),
        (
            ["run", "alexnet", *CHANNEL, "--source", "nowhere.csv"],
            "--source nowhere.csv: expected analytical, simulated, or an existing .csv",
        ),
        (["run", "alexnet", *CHANNEL, "--image", "nowhere.png"], "nowhere.png: cannot be read"),
        (["run", "alexnet", *CHANNEL, "--image", "a.png", "--sparsity-in", "0.5"], "expected one of them"),
        (["run", "nowhere", *CHANNEL], "nowhere: no such network"),
        (["run", "alexnet", *CHANNEL, "--sparsity-in", "nan"], "'--sparsity-in': 'nan'; expected a number"),
        (["figure", "13b", "vgg19"], "neither --out nor --csv"),
        (["figure", "13c", "--source", "simulated", "--csv", "-"], "--source is given for figure 13c"),
        (["figure", "10", "--out", "-"], "--out -: expected a picture's name"),
        (["map", "alexnet", "--bitrates", "60Mbps"], "--bitrates is '60Mbps'"),
        (["map", "alexnet", "--tx-powers", "2W:1W"], "expected FROM:TO, the lower first"),
        (["map", "alexnet", "--out", "map.txt"], "--out map.txt: expected a picture's name that ends in .svg"),
        (["figure", "10"], "neither --out nor --csv is given"),
        (["figure", "10", "--csv", "-", "--dpi", "300"], "--dpi is given without --out"),
        (["figure", "11", "--csv", "-"], "'11' is not one of"),
        (["quarters", "alexnet", "nowhere", *CHANNEL], "nowhere"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments: list[str], message: str) -> None:
    result = partition(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_help_teaches() -> None:
    assert "python -m partition run alexnet --bitrate 80Mbps" in partition("run", "--help").stdout
