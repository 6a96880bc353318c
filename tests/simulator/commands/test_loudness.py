"""What commands say beside their output, how they end, and what they are told by pipes and options."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from analytical.files import CHIP_NAMES
from tests.commands import command


def test_the_main_job_prints_at_most_80_lines_of_80_columns_and_ends_with_the_sums() -> None:
    result = command("simulator", "run", "alexnet", "--batch", "1")
    lines = result.stdout.splitlines()
    assert result.returncode == 0
    assert len(lines) <= 80
    assert max(map(len, lines)) <= 80
    assert lines[0].startswith("alexnet on eyeriss-16bit, 16 bit, mapping cnnergy")
    assert "One image: " in lines[-2]
    assert lines[-1].endswith("images/s, in a batch of 1.")
    reasons = " ".join(lines[lines.index(next(line for line in lines if line.startswith("Why the energy"))) : -2])
    assert reasons.count("%") == 8
    for heading in ("stall:", "wait:", "gated", "idle"):
        assert heading in result.stdout


@pytest.mark.parametrize("words", ["analytical run alexnet", "simulator run {network}", "partition map alexnet"])
def test_a_reader_that_leaves_is_no_error(words: str, network: str) -> None:
    line = " ".join([sys.executable, "-m", words.format(network=network)])
    script = f"{line} | head -1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1


@pytest.mark.parametrize("package", ["analytical", "simulator", "partition"])
def test_dash_h_is_help(package: str) -> None:
    assert command(package, "-h").stdout == command(package, "--help").stdout
    assert command(package, "run", "-h").stdout == command(package, "run", "--help").stdout


def test_the_width_that_help_names_is_the_default() -> None:
    for package, bits in (("analytical", 16), ("simulator", 16), ("partition", 8)):
        assert f"[default: {bits}, or what" in " ".join(command(package, "run", "--help").stdout.split())


def test_what_was_written_is_said_unless_quiet(network: str, tmp_path: Path) -> None:
    out, table = tmp_path / "run.h5", tmp_path / "run.csv"
    loud = command("simulator", "run", network, "--out", str(out), "--csv", str(table))
    assert loud.stderr == f"wrote {table}\nwrote {out}\n"
    quiet = command("simulator", "run", network, "--out", str(out), "--csv", str(table), "-q")
    assert (quiet.stdout, quiet.stderr) == ("", "")
    verbose = command("simulator", "run", network, "--csv", "-", "-v")
    assert [line.split(":")[0] for line in verbose.stderr.splitlines()] == ["A", "B", "C"]
    only = command("simulator", "run", network, "--out", str(out))
    assert "One image" in only.stdout
    assert only.stderr == f"wrote {out}\n"


def test_a_run_s_json_is_a_hardware(network: str, tmp_path: Path) -> None:
    chip, run, again = tmp_path / "chip.toml", tmp_path / "run.json", tmp_path / "again.json"
    chip.write_text('name = "mine"\nJ = 14\nclock_tree = false\nglb_kib = 64\n')
    assert command("simulator", "run", network, "--hardware", str(chip), "--json", str(run)).returncode == 0
    assert command("simulator", "run", network, "--hardware", str(run), "--json", str(again)).returncode == 0
    first, second = (json.loads(path.read_text()) for path in (run, again))
    assert first["hardware"] == second["hardware"]
    assert first["layers"] == second["layers"]
    named = command("simulator", "run", network, "--hardware", "eyeriss-8bit", "--csv", "-")
    assert named.stdout == command("simulator", "run", network, "--bits", "8", "--csv", "-").stdout
    refused = command("simulator", "run", network, "--hardware", "eyeriss")
    assert refused.returncode == 2
    assert f"{', '.join(CHIP_NAMES)}, a hardware file (.toml), or the JSON of a run" in refused.stderr


def test_compare_fails_over_what_it_is_told(network: str) -> None:
    slower = f"{network} --layers A --batch 1"
    same = command("simulator", "compare", network, network, "--fail-over", "0%", "--csv", "-")
    assert (same.returncode, same.stderr) == (0, "")
    worse = command("simulator", "compare", network, slower, "--fail-over", "2%", "--csv", "-")
    assert worse.returncode == 1
    assert "over 2 %: layer A: energy of an image is" in worse.stderr
    assert command("simulator", "compare", network, slower, "--fail-over", "1000%", "--csv", "-").returncode == 0
    refused = command("simulator", "compare", network, network, "--fail-over", "much")
    assert refused.returncode == 2
    assert "'much'; expected a share like 2%" in refused.stderr


def test_validate_fails_beyond_what_it_is_told() -> None:
    near, far = (command("simulator", "validate", "--within", share, "--csv", "-") for share in ("50%", "5%"))
    assert (near.returncode, near.stderr) == (0, "")
    assert far.returncode == 1
    assert "beyond 5 %: layer C3: glb_MB is 69.22, measured 50.2 (+37.9 %)" in far.stderr


def test_an_energy_that_only_rounding_changes_is_no_difference(network: str, tmp_path: Path) -> None:
    run = tmp_path / "run.json"
    assert command("simulator", "run", network, "--json", str(run)).returncode == 0
    shown = command("simulator", "compare", str(run), f"{network} --engine detailed").stdout
    assert "e-1" not in shown
    assert "Equal in all: A, B, C." in shown


def test_a_damaged_file_is_refused_and_never_hangs(network: str, tmp_path: Path) -> None:
    """Each block of 512 bytes zeroed, one after the other, in one process that would not return if HDF5 looped."""
    out = tmp_path / "run.h5"
    assert command("simulator", "run", network, "--layers", "C", "--out", str(out)).returncode == 0
    script = (
        "import sys\nfrom pathlib import Path\nfrom analytical import InputError\nfrom simulator import read_run\n"
        "whole, refused = Path(sys.argv[1]).read_bytes(), 0\npath = Path(sys.argv[1] + '.damaged.h5')\n"
        "for at in range(0, len(whole), 512):\n"
        "    path.write_bytes(whole[:at] + bytes(min(512, len(whole) - at)) + whole[at + 512:])\n"
        "    try:\n        read_run(path)\n"
        "    except InputError:\n        refused += 1\n"
        "print(len(range(0, len(whole), 512)), refused)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(out)], capture_output=True, text=True, check=True, timeout=120
    )
    blocks, refused = map(int, result.stdout.split())
    assert blocks > 20
    assert refused > blocks / 2


def test_text_of_variable_length_is_refused(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file.attrs["network"] = "alexnet"
    result = command("simulator", "compare", str(path), "alexnet")
    assert result.returncode == 2
    assert "run it again" in result.stderr
