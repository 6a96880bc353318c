"""``python -m analytical compress``, as programs and people call it."""

import json
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

import simulator
from analytical import estimate, load_network
from analytical.compression.transforms import CompressionError
from analytical.compression.weights import read_weights
from analytical.layer import Layer
from analytical.network import Network
from tests.analytical.commands.calls import analytical


def test_a_table_comes_out_that_runs_everywhere(tmp_path: Path) -> None:
    table, record = tmp_path / "small.csv", tmp_path / "small.json"
    done = analytical(
        "compress", "alexnet", "--densities", "han2015", "--svd", "fc=6.27", "--filter-bits", "conv=8,fc=5",
        *("--out", str(table), "--json", str(record)),
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"wrote {table}\nwrote {record}\n")
    network = load_network(table)
    assert network.names == ["C1", "C2", "C3", "C4", "C5", "FC6a", "FC6b", "FC7a", "FC7b", "FC8a", "FC8b"]
    # what a file says of a layer holds for both of its parts
    assert [network.layer(name).sparsity_filters for name in ("C1", "FC6a", "FC6b")] == [0.16, 0.91, 0.91]
    assert [network.layer(name).filter_bits for name in ("C1", "FC6a", "FC6b")] == [8, 5, 5]
    assert network.edges["FC6b"].inputs == ("FC6a",)
    said = json.loads(record.read_text())
    assert [each["hardware"] for each in said["after"]["energies"]] == ["eyeriss-16bit", "eyeriss-16bit-sparse"]
    assert said["after"]["energies"][1]["energy_J"] == estimate(network, "eyeriss-16bit-sparse").energy_J
    assert said["before"]["bytes"]["raw"] == 2 * said["before"]["weights"]
    assert said["before"]["bytes"]["huffman"] is None
    assert sum(layer["weights"] for layer in said["layers"]) == said["after"]["weights"] < said["before"]["weights"] / 3
    result = simulator.run(table, layers=["FC8a", "FC8b"], batch=1, hardware="eyeriss-16bit-sparse", verify=True)
    assert (result.wrong_layers(), result.unexplained_layers()) == ({}, [])


def test_without_a_file_a_person_reads_both_sides() -> None:
    done = analytical("compress", "vgg16", "--prune", "0.7")
    assert done.returncode == 0
    for said in ("before / after: 1.00", "mJ by the survey's formula", "stored as in EIE", "No accuracy is computed."):
        assert " ".join(said.split()) in " ".join(done.stdout.split())
    assert "Huffman" not in done.stdout


def test_energies_are_of_the_batches_that_it_says() -> None:
    """Filters are read once for a batch: of one image alone, coded filters save more."""
    call = ("compress", "alexnet", "--prune", "fc=0.9")
    shown = analytical(*call).stdout
    assert "eyeriss-16bit, batches of 1 to 18" in " ".join(shown.split())
    single = analytical(*call, "--batch", "1").stdout
    assert "eyeriss-16bit, batch 1" in " ".join(single.split())
    (_, sparse), (_, alone) = (
        [float(line.split(": ")[1]) for line in text.splitlines() if line.startswith("before / after")]
        for text in (shown, single)
    )
    assert alone > 2 > sparse


def test_a_table_has_a_table_s_name(tmp_path: Path) -> None:
    told = analytical("compress", "alexnet", "--prune", "0.5", "--out", str(tmp_path / "out.h5"))
    assert told.returncode == 2
    assert told.stderr.endswith("out.h5; expected the name of a .csv file, as layer tables have\n")
    assert not any(tmp_path.iterdir())


def test_rows_go_to_standard_output() -> None:
    done = analytical("compress", "alexnet", "--prune", "fc=0.9", "--hardware", "eyeriss-8bit", "--csv", "-")
    header, *rows = done.stdout.splitlines()
    assert header.startswith("layer,weights,weights_kept,sparsity_filters,filter_bits,raw_bytes,rlc_bytes,eie_bytes")
    assert [row.split(",")[0] for row in rows] == load_network("alexnet").names


def test_with_weights_of_a_trace() -> None:
    done = analytical("compress", "resnet8", "--prune", "0.5", "--svd-energy", "0.95", "--json", "-")
    said = json.loads(done.stdout)
    # half of the weights exactly, the zeros that were there among them
    assert said["after"]["weights_kept"] == pytest.approx(said["after"]["weights"] / 2, rel=1e-3)
    assert all(0.95 <= each["kept_energy"] <= 1 for each in said["decomposed"].values())
    assert said["decomposed"]["conv2d_8"]["relative_error"] == pytest.approx(
        np.sqrt(1 - said["decomposed"]["conv2d_8"]["kept_energy"])
    )
    assert 0 < said["after"]["bytes"]["huffman"] < said["after"]["bytes"]["raw"]


def test_weights_from_arrays(tmp_path: Path) -> None:
    table = tmp_path / "net.csv"
    header = "layer,kind,groups,ifmap_padded,pad,channels_per_filter,filter,filters,stride,ofmap"
    table.write_text(f"{header},sparsity_ifmap_padded,sparsity_ofmap,batch\nC,conv,1,8,0,2,3,4,1,6,0,0,1\n")
    weights = np.arange(4 * 2 * 9, dtype=np.float32).reshape(4, 2, 3, 3)
    np.savez(tmp_path / "w.npz", C=weights)
    out = tmp_path / "pruned.csv"
    done = analytical(
        "compress", str(table), "--prune", "0.25", "--weights", str(tmp_path / "w.npz"), "--out", str(out)
    )
    assert done.returncode == 0, done.stderr
    assert load_network(out).layer("C").sparsity_filters == 0.25
    np.savez(tmp_path / "other.npz", C=weights[:, :1])
    refused = analytical("compress", str(table), "--prune", "0.25", "--weights", str(tmp_path / "other.npz"))
    assert (refused.returncode, refused.stderr) == (
        2,
        f"error: {tmp_path}/other.npz: layer C is float32 of (4, 1, 3, 3); expected finite numbers of (4, 2, 3, 3)\n",
    )


@pytest.mark.parametrize("name", ["C", "D"])
def test_arrays_that_no_layer_has_are_refused_before_they_are_unpacked(name: str, tmp_path: Path) -> None:
    """64 MiB of zeros, in 64 KiB."""
    np.savez_compressed(tmp_path / "bomb.npz", **{name: np.zeros(2**26, np.int8)})
    assert refused_within(2**22, tmp_path / "bomb.npz", r"bomb\.npz: (layer C is int8|network net has no layer 'D')")


def test_a_header_may_not_be_long_either(tmp_path: Path) -> None:
    """32 MiB of blanks after what the second version of the format says of an array."""
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2, 3, 3), }" + b" " * 2**25 + b"\n"
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("C.npy", b"\x93NUMPY\x02\x00" + len(header).to_bytes(4, "little") + header + bytes(4 * 72))
    assert refused_within(2**22, tmp_path / "bomb.npz", r"bomb\.npz: cannot be read \(an array of another format")


def refused_within(most: int, path: Path, said: str) -> bool:
    """Whether weights are refused in that many bytes of memory."""
    network = Network("net", (Layer.conv("C", channels=2, size=8, filters=4, filter=3),))
    tracemalloc.start()
    try:
        with pytest.raises(CompressionError, match=said):
            read_weights(path, network)
        return tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


REFUSED = {
    "--prune 1.5": "prune is 1.5; expected a share of zeros from 0 to 1",
    "--prune nan": "prune is nan; expected a share of zeros from 0 to 1",
    "--prune conv=0.5,C9=0.1": "prune: network alexnet has no layer 'C9'; expected some of conv, fc, C1, C2",
    "--prune half": "--prune is 'half'; expected NUMBER or NAME=NUMBER,..., each name once, such as 0.7 or",
    "--prune 0.5,0.6": "--prune is '0.5,0.6'; expected NUMBER or NAME=NUMBER,...",
    "--prune conv=0.5,conv=0.7": "--prune is 'conv=0.5,conv=0.7'; expected NUMBER or NAME=NUMBER,..., each name once",
    "--prune =0.5": "--prune is '=0.5'; expected NUMBER or NAME=NUMBER,...",
    "--prune 0.5 --densities han2015": "--prune and --densities both say what is kept; expected one of them",
    "--densities han2016": "densities is 'han2016'; expected han2015, or a file (.csv)",
    "--svd 0.5": "svd is 0.5; expected a number of at least 1",
    "--svd inf": "svd is inf; expected a number of at least 1",
    "--svd 2 --svd-energy 0.9": "--svd and --svd-energy both say the rank; expected one of them",
    "--svd-energy 0.9": "--svd-energy needs weights; expected --weights, or --svd",
    "--filter-bits 0": "filter bits is 0; expected a whole number of bits from 1 to 16",
    "--filter-bits 17": "filter bits is 17; expected a whole number of bits from 1 to 16",
    "--filter-bits 12 --bits 8": "layer C1: filter_bits is 12; expected 1 to 8, the bits of a word of eyeriss-8bit",
    "--filter-bits 2.5": "--filter-bits is '2.5'; expected NUMBER or NAME=NUMBER,...",
    "--weights w.bin --prune 0.5": "weights is 'w.bin'; expected a trace (.h5), or arrays by layer (.npz)",
    "--weights none.npz --prune 0.5": "none.npz: cannot be read",
    "": "nothing to do; expected --prune, --densities, --svd, --svd-energy or --filter-bits",
}


@pytest.mark.parametrize("options", REFUSED)
def test_bad_input_is_one_line(options: str, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    done = analytical("compress", "alexnet", *options.split(), "--out", str(out))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"error: {REFUSED[options]}")
    assert done.stderr.count("\n") == 1
    assert not out.exists()


def test_out_may_not_be_an_input(tmp_path: Path) -> None:
    table = tmp_path / "net.csv"
    assert analytical("compress", "alexnet", "--prune", "0.5", "--out", str(table)).returncode == 0
    before = table.read_bytes()
    refused = analytical("compress", str(table), "--prune", "0.5", "--out", str(table))
    assert refused.returncode == 2
    assert "has another part in this run" in refused.stderr
    assert table.read_bytes() == before


def test_a_file_of_densities_has_the_network_s_layers(tmp_path: Path) -> None:
    file = tmp_path / "kept.csv"
    for text, why in {
        "layer,kept\nC1,0.5\n": "layer C2 of alexnet is missing; expected a row for each layer",
        "layer,kept\nC1,2\n": "row 2: kept is '2'; expected a share from 0 to 1",
        "layer,kept\nC1,1\nC1,1\n": "row 3: layer C1 stands twice; expected it once",
        "layer\nC1\n": "column 'kept' is missing; expected layer and kept",
        "": "column 'layer' is missing; expected layer and kept",
    }.items():
        file.write_text(text)
        refused = analytical("compress", "alexnet", "--densities", str(file))
        assert (refused.returncode, refused.stderr) == (2, f"error: {file}{',' if 'row' in why[:3] else ':'} {why}\n")
    names = load_network("alexnet").names
    file.write_text("layer,kept\n" + "".join(f"{name},0.5\n" for name in [*names, "X"]))
    refused = analytical("compress", "alexnet", "--densities", str(file))
    assert f"{file}: network alexnet has no layer 'X'; expected some of C1" in refused.stderr


def test_all_weights_may_go() -> None:
    """Nothing is left to divide by, and nothing is divided."""
    done = analytical("compress", "alexnet", "--prune", "1")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(analytical("compress", "resnet8", "--prune", "1", "--json", "-").stdout)
    assert said["survey_factor"] is None
    assert said["after"]["weights_kept"] == 0 < said["after"]["bytes"]["huffman"]


def test_a_table_on_standard_output_is_alone(tmp_path: Path) -> None:
    done = analytical("compress", "alexnet", "--prune", "0.5", "--out", "-")
    assert done.stdout.splitlines()[0].startswith("layer,kind,groups")
    assert len(done.stdout.splitlines()) == 9
    assert "before / after" in done.stderr
    table = tmp_path / "t.csv"
    table.write_text(done.stdout)
    assert load_network(table).layer("C1").sparsity_filters == 0.5


def test_names_with_commas_stand_in_quotes_and_a_layer_may_have_the_name_of_a_kind(tmp_path: Path) -> None:
    header = "layer,kind,groups,ifmap_padded,pad,channels_per_filter,filter,filters,stride,ofmap"
    row = "conv,1,8,0,16,3,16,1,6,0,0,1"
    table, out = tmp_path / "net.csv", tmp_path / "out.csv"
    table.write_text(
        f'{header},sparsity_ifmap_padded,sparsity_ofmap,batch\nconv,{row}\n"b, 3x3",{row}\n'.replace(
            '"b, 3x3",conv,1,8,0,16,3,16,1,6', '"b, 3x3",conv,1,6,0,16,3,16,1,4'
        )
    )
    options = ["--svd", "conv=2", "--prune", 'conv=0.5,"b, 3x3=0.25"', "--out", str(out)]
    done = analytical("compress", str(table), *options)
    assert done.returncode == 0, done.stderr
    network = load_network(out)
    assert network.names == ["conva", "convb", "b, 3x3a", "b, 3x3b"]
    assert [layer.sparsity_filters for layer in network.layers] == [0.5, 0.5, 0.25, 0.25]


def test_zeros_that_weights_bring_are_there_before(tmp_path: Path) -> None:
    lenet = load_network("examples/lenet.csv")
    rng = np.random.default_rng(0)
    shapes = {layer.name: (layer.F, layer.C, layer.R, layer.S) for layer in lenet.layers}
    np.savez(
        tmp_path / "w.npz", **{name: rng.random(shape) * (rng.random(shape) < 0.1) for name, shape in shapes.items()}
    )
    done = analytical(
        "compress", "examples/lenet.csv", "--weights", str(tmp_path / "w.npz"), "--prune", "0", "--json", "-"
    )
    said = json.loads(done.stdout)
    assert said["before"] == said["after"]
