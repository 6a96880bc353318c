"""Tables as people and spreadsheets write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.network import Network, NetworkError
from analytical.networks import load_network
from analytical.networks.table import as_table, parse_table, with_image
from analytical.sheet import list_names, parse_names, parse_sheet, whole_number

HEADER = (
    "layer,kind,groups,ifmap_padded,pad,channels_per_filter,filter,filters,stride,ofmap,"
    "sparsity_ifmap_padded,sparsity_ofmap,batch"
)
ROWS = ("C1,conv,1,15,1,4,3,8,1,13,0.25,0.5,2", "C2,conv,1,15,1,8,3,8,1,13,0.25,0.5,2")
PLAIN = parse_table("\n".join((HEADER, *ROWS)), "small")


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff".lstrip("\ufeff") + "\n".join((HEADER, *ROWS)),
        "\n".join(line.replace(",", " , ") for line in (HEADER, *ROWS)),
        "\n".join(line + "," for line in (HEADER, *ROWS)),
        "\n".join(line + ",,," for line in (HEADER, *ROWS)),
        "\n\n".join(("", HEADER, ",,,", *ROWS, ",")),
        "\r\n".join((HEADER, *ROWS, "")),
        "\n".join((HEADER + ",inputs,pool", *ROWS)),
        "\n".join("," + line for line in (HEADER, *ROWS)),
        "\n".join(line.replace(",conv,", ",,conv,").replace(",kind,", ",,kind,") for line in (HEADER, *ROWS)),
        "\n".join(line.replace("15", "15.0").replace("C1", '"C1"') for line in (HEADER, *ROWS)),
    ],
)
def test_blanks_empty_rows_and_commas_at_the_end_do_not_count(text: str) -> None:
    assert parse_table(text, "small") == PLAIN


def test_a_cell_without_a_heading_is_refused() -> None:
    with pytest.raises(NetworkError, match="row 2: 14 cells; expected 13"):
        parse_table("\n".join((HEADER + ",", ROWS[0] + ",7")), "small")
    with pytest.raises(NetworkError, match="row 2: '7' stands under no heading"):
        parse_table("\n".join(("," + HEADER, "7," + ROWS[0])), "small")


@pytest.mark.parametrize(("text", "number"), [("200e6", 200_000_000), ("224.0", 224), (" 7 ", 7), ("-3", -3)])
def test_whole_numbers_as_people_write_them(text: str, number: int) -> None:
    assert whole_number(text) == number


@pytest.mark.parametrize("text", ["1.5", "many", "", "nan", "inf"])
def test_no_whole_numbers(text: str) -> None:
    with pytest.raises((ValueError, OverflowError)):
        whole_number(text)


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1)


@pytest.mark.parametrize("separator", [",", ";"])
@given(names=st.lists(NAMES, min_size=1, max_size=4))
def test_names_of_any_characters_can_be_listed(separator: str, names: list[str]) -> None:
    assert parse_names(list_names(names, separator), separator) == tuple(names)


@given(names=st.lists(NAMES, min_size=3, max_size=3, unique=True))
def test_a_table_keeps_names_of_any_characters(names: list[str]) -> None:
    first, second, third = names
    text = "\n".join((HEADER, *ROWS, ROWS[1].replace("C2", "C3")))
    network = parse_table(text, "small")
    from dataclasses import replace

    from analytical.network import Edges

    layers = tuple(replace(layer, name=name) for layer, name in zip(network.layers, names, strict=True))
    named = Network("small", layers, {third: Edges((first,), (second,)), second: Edges((first,))}, (4, 13, 13))
    assert parse_table(as_table(named), "small") == named


@pytest.mark.parametrize(
    ("text", "image"), [("224", (3, 224, 224)), ("224x200", (3, 224, 200)), ("1x28x32", (1, 28, 32))]
)
def test_the_table_says_the_size_of_the_image(text: str, image: tuple[int, int, int]) -> None:
    first = ROWS[0].replace(",4,3,", ",3,3,")
    network = parse_table("\n".join((HEADER + ",image", f"{first},{text}", ROWS[1] + ",")), "small")
    assert network.image == image
    assert with_image(PLAIN, f"3x{image[1]}x{image[2]}").image == (3, *image[1:])


@pytest.mark.parametrize("text", ["0", "axb", "1x2x3x4", "2.5"])
def test_what_is_no_size_of_an_image_is_refused(text: str) -> None:
    with pytest.raises(NetworkError, match="expected one like 224, 224x224 or 3x224x224"):
        parse_table("\n".join((HEADER + ",image", f"{ROWS[0]},{text}")), "small")
    with pytest.raises(NetworkError, match="expected one like"):
        with_image(PLAIN, text)


def test_the_image_is_never_guessed_from_the_name_of_a_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    text = as_table(load_network("alexnet")).replace("3x224x224", "")
    for name in ("alexnet", "mine"):
        (tmp_path / f"{name}.csv").write_text(text)
        assert load_network(tmp_path / f"{name}.csv").image is None


def test_stride_width() -> None:
    text = "\n".join((HEADER + ",ofmap_width,stride_width", ROWS[0] + ",7,2"))
    [layer] = parse_table(text, "small").layers
    assert (layer.U, layer.V, layer.E, layer.G) == (1, 2, 13, 7)
    assert parse_table(as_table(parse_table(text, "small")), "small").layers == (layer,)


def test_a_smaller_ofmap_than_the_windows_make_is_refused() -> None:
    with pytest.raises(NetworkError, match=r"row 2: layer C1: ofmap height is 12; expected \(15 - 3\) // 1 \+ 1 = 13"):
        parse_table("\n".join((HEADER, ROWS[0].replace(",13,", ",12,"))), "small")


def test_a_sheet_may_leave_out_cells_at_the_end_of_rows() -> None:
    sheet = parse_sheet("a,b\n1\n", ValueError, "a table", optional=lambda column: column == "b")
    assert sheet.rows == (("row 2", {"a": "1", "b": ""}),)


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u2028"])
def test_a_list_of_names_is_one_line(end: str) -> None:
    assert parse_names(f"C1,{end}C2{end}C3") == ("C1", "C2 C3")
