"""The chip's own mapping: what fits, and what is published."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.hardware import EYERISS_8BIT, EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings import MAPPERS, Chosen, MapperOptions, MappingError, Origin
from analytical.mappings.eyeriss import EyerissMapping, banks_of_glb
from analytical.mappings.files import as_toml, load_mappings, published_mappings
from analytical.networks import load_network
from analytical.traffic import repeated_by

PUBLISHED = Path(__file__).parents[2] / "data" / "eyeriss" / "mapping_alexnet_n4.csv"
C3 = EyerissMapping(m=64, n=4, e=13, p=16, q=4, r=1, t=4)


def test_table_iii_of_jssc_2017_is_what_ships() -> None:
    mappings = published_mappings("alexnet")
    layers = {layer.name: layer for layer in load_network("alexnet").layers}
    with PUBLISHED.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["layer"] for row in rows] == list(mappings)
    for row in rows:
        mapping, layer = mappings[row["layer"]], layers[row["layer"]]
        assert mapping == EyerissMapping(**{symbol: int(row[symbol]) for symbol in "mnepqrt"})
        mapping.require_fits(layer, EYERISS_16BIT)
        assert mapping.strip_words(layer) / 512 == pytest.approx(float(row["glb_ifmap_kib"]), abs=0.06)
        assert mapping.psum_words(layer) / 512 == pytest.approx(float(row["glb_psum_kib"]), abs=0.06)


@pytest.mark.parametrize(
    ("change", "limit"),
    [
        ({"e": 14}, "e is 14; expected at most the 13 ofmap rows"),
        ({"t": 5}, "t is 5; expected at most the 4 stacks of sets that fit the PE array"),
        ({"e": 13, "r": 65, "t": 1, "q": 4}, "r is 65; expected at most the 64 sets that the channels fill"),
        ({"p": 25, "q": 1}, "p is 25; expected at most the 24 words of the psum RF"),
        ({"q": 5}, "q*S is 15; expected at most the 12 words of the ifmap RF"),
        ({"p": 20}, "p*q*S is 240; expected at most the 224 words of the filter RF"),
        ({"m": 63}, "p*t is 64; expected at most the 63 filters m"),
        ({"r": 5, "t": 1}, "r is 5; expected at most the 4 sets that fit the PE array one above the other"),
        ({"r": 3, "t": 2}, "t is 2; expected at most the 1 stacks of sets that fit the PE array"),
        ({"m": 70}, "banks of ifmap and psums are 26; expected at most the 25 banks of the GLB"),
        ({"n": 5}, "words of ifmap and psums are 58580; expected at most the 51200 words of the GLB"),
    ],
)
def test_what_does_not_fit_names_the_limit(change: dict[str, int], limit: str) -> None:
    layer = load_network("alexnet").layer("C3")
    with pytest.raises(MappingError) as refused:
        replace(C3, **change).require_fits(layer, EYERISS_16BIT)
    assert str(refused.value) == f"layer C3 cannot be mapped so: {limit}"


@pytest.mark.parametrize(("banks", "counted"), [(0.5, 2), (1, 2), (1.5, 2), (2, 2), (2.5, 3), (25, 25)])
def test_a_bank_begun_is_a_bank_and_ifmap_and_psums_have_one_each(banks: float, counted: int) -> None:
    assert banks_of_glb(replace(EYERISS_16BIT, glb_bank_kib=4, glb_kib=4 * banks)) == counted


def test_numbers_are_at_least_one() -> None:
    with pytest.raises(MappingError, match="q is 0; expected a whole number, at least 1"):
        replace(C3, q=0)


def test_a_mapping_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    mappings = {"C3": C3, 'a "layer" of\\mine': replace(C3, m=1, p=1, t=1)}
    chosen = {name: Chosen(mapping=mapping, origin=Origin.FOUND, weighed=7) for name, mapping in mappings.items()}
    path.write_text(as_toml(chosen, 'a "source"'))
    assert load_mappings(str(path)) == mappings
    assert "# found, 7 weighed" in path.read_text()


def choose_mapping(layer: Layer, hardware: Hardware, batch: int, own: EyerissMapping | None = None) -> Chosen:
    return MAPPERS["eyeriss"].choose(layer, hardware, batch, MapperOptions(own={layer.name: own} if own else {}))


def test_a_person_s_own_mapping_goes_before_the_published_and_that_before_the_found() -> None:
    layer = load_network("alexnet").layer("C3")
    own = replace(C3, p=8)
    assert choose_mapping(layer, EYERISS_16BIT, 4, own) == Chosen(mapping=own, origin=Origin.FILE)
    assert choose_mapping(layer, EYERISS_16BIT, 4) == Chosen(mapping=C3, origin=Origin.PUBLISHED)
    for other_layer, hardware in (
        (replace(layer, F=192), EYERISS_16BIT),
        (replace(layer, name="other"), EYERISS_16BIT),
        (layer, EYERISS_8BIT),
        (layer, replace(EYERISS_16BIT, glb_kib=200)),
    ):
        chosen = choose_mapping(other_layer, hardware, 4)
        assert chosen.origin is Origin.FOUND
        assert chosen.weighed > 0
    with pytest.raises(MappingError, match=r"q\*S is 15"):
        choose_mapping(layer, EYERISS_16BIT, 4, replace(C3, q=5))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[layers.A]\nm = 1", "layers.A.n is missing; expected all of m, n, e, p, q, r, t"),
        ("[layers.A]\nm=1\nn=1\ne=1\np=1\nq=1\nr=1\nt=1\nx=1", "layers.A.x is unknown; expected some of m, n, e"),
        ("[layers.A]\nm=1\nn=1\ne=1\np=1\nq=1\nr=1\nt=0", "layers.A.t is 0; expected at least 1"),
        ("[layers.A]\nm=1.5\nn=1\ne=1\np=1\nq=1\nr=1\nt=1", "layers.A.m is 1.5; expected a whole number"),
        ("colour = 1\n[layers.A]", "colour is unknown; expected some of source, origin, layers"),
        ("[layer.A]", "layer is unknown; expected some of source, origin, layers"),
        ("[layers.A]\nm=1\nn=1\ne=1\np=1\nq=1\nr=1\ntt=1", "layers.A.tt is unknown; expected some of m, n, e"),
        ("colour = 1\n[layers]", "colour is unknown; expected some of source, origin, layers"),
        ("layers = ", "expected TOML"),
        ("x = " + "1" * 5000, "expected TOML"),
        ("x = " + "[" * 5000, "expected TOML"),
        ("", "layers is missing; expected all of layers"),
    ],
)
def test_a_mapping_file_that_is_none_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    with pytest.raises(MappingError) as refused:
        load_mappings(str(path))
    assert str(refused.value).startswith(str(path))
    assert said in str(refused.value)


def test_a_mapping_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(MappingError, match=r"nowhere\.toml: cannot be read"):
        load_mappings("nowhere.toml")


ROOMY = replace(
    EYERISS_16BIT, name="roomy", J=400, K=400, I_s=1000, f_s=10_000, P_s=1000, glb_kib=100_000, glb_bank_kib=4
)


@st.composite
def dividing(draw: st.DrawFn) -> tuple[Layer, EyerissMapping, int]:
    """A layer all of whose tiles are whole, or the only one, a mapping and a batch."""
    few = st.integers(1, 3)
    p, q, r, t, e, g, n = (draw(few) for _ in "pqrtegn")
    R, S, U, V, groups = draw(few), draw(few), draw(few), draw(few), draw(st.integers(1, 2))
    # a pass that has all channels, or filters, may have room for more
    C = draw(st.one_of(few.map(lambda passes: passes * q * r), st.integers(q * (r - 1) + 1, q * r)))
    filters = draw(st.one_of(few.map(lambda passes: passes * p * t), st.integers(p * (t - 1) + 1, p * t)))
    m = draw(st.sampled_from([m for m in range(1, filters + 1) if filters % m == 0 and m % min(p * t, filters) == 0]))
    E, G = e * draw(few), g * draw(few)
    layer = Layer(
        name="L",
        groups=groups,
        H=U * (E - 1) + R,
        W=V * (G - 1) + S,
        C=C,
        R=R,
        S=S,
        F=groups * filters,
        U=U,
        stride_width=V,
        E=E,
        G=G,
    )
    batch = draw(st.one_of(few.map(lambda batches: batches * n), st.integers(1, n)))
    return layer, EyerissMapping(m=max(m, min(p * t, filters)), n=n, e=e, p=p, q=q, r=r, t=t, g=g), batch


@given(dividing())
def test_where_every_tile_divides_the_closed_forms_of_the_mapping_are_its_whole_tiles(
    case: tuple[Layer, EyerissMapping, int],
) -> None:
    layer, mapping, batch = case
    tiling = mapping.tiling(layer, ROOMY, batch)
    whole = repeated_by(tiling)
    assert list(mapping.exact_steps(tiling, whole)) == [("another mapping", whole)]


@given(dividing())
def test_a_pass_has_t_stacks_of_r_sets_each_with_filters_and_channels_that_a_pe_holds(
    case: tuple[Layer, EyerissMapping, int],
) -> None:
    layer, mapping, batch = case
    tiling = mapping.tiling(layer, ROOMY, batch)
    sets, stacks = tiling.sets_of(tiling.z, tiling.f)
    assert (len(sets), sum(sets)) == (mapping.r, tiling.z)
    assert (len(stacks), sum(stacks)) == (min(mapping.t, tiling.f), tiling.f)
    assert max(sets) <= mapping.q
    assert max(stacks) <= mapping.p
