"""The closed forms against passes counted one by one, where no pass is a fraction."""

from hypothesis import assume, given
from hypothesis import strategies as st

from analytical import counts as c
from analytical.closed_forms import count
from analytical.counts import Counts
from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings.cnnergy import CnnergyMapping, Correction
from analytical.mappings.rules import map_layer
from analytical.traffic import filter_words, fmap_words
from tests.strategies import hardwares


def whole_passes(layer: Layer, hardware: Hardware, mapping: CnnergyMapping, images: int) -> Counts:
    """Walk all passes and count what each moves (section IV-D in words)."""
    events = dict.fromkeys(c.ALL_EVENTS, 0.0)
    nonzero = 1 - layer.sparsity_ifmap
    for _ in range(layer.F // int(mapping.f_i)):
        for _ in range(layer.G // int(mapping.X_o)):
            for _ in range(layer.E // int(mapping.Y_o)):
                for z in range(layer.C // mapping.z_i):
                    filters = mapping.f_i * mapping.z_i * layer.R * layer.S
                    events[c.DRAM_FILTER_READ] += float(filter_words(filters, layer, hardware))
                    events[c.GLB_FILTER_READ] += filters
                    for strip in range(int(mapping.Y_o) // mapping.y_o):
                        rows = mapping.y_i if strip == 0 else mapping.y_i - (layer.R - layer.U)
                        for _ in range(images):
                            psums = mapping.f_i * mapping.X_o * mapping.y_o
                            macs = psums * mapping.z_i * layer.R * layer.S
                            climbs = (mapping.pe_column_height(layer) - 1) * psums
                            ifmap = mapping.X_i * rows * mapping.z_i
                            if not layer.first:
                                ifmap = float(fmap_words(ifmap, layer.sparsity_ifmap, hardware))
                            events[c.DRAM_IFMAP_READ] += ifmap
                            events[c.GLB_IFMAP_READ] += mapping.X_i * mapping.y_i * mapping.z_i
                            events[c.GLB_PSUM_WRITE] += psums
                            events[c.GLB_PSUM_READ] += psums if z else 0
                            events[c.RF_IFMAP_READ] += macs
                            events[c.RF_FILTER_READ] += macs * nonzero
                            events[c.RF_PSUM_WRITE] += macs * nonzero
                            events[c.RF_PSUM_READ] += macs * nonzero - climbs
                            events[c.INTER_PE_PSUM] += climbs
    # a PE takes a psum only with a MAC that is carried out, where the rules are corrected
    if Correction.PSUMS_TAKEN in mapping.corrections:
        events[c.RF_PSUM_READ] = max(0.0, events[c.RF_PSUM_READ])
    ofmap = layer.ofmap_size * images
    events[c.DRAM_OFMAP_WRITE] = float(fmap_words(ofmap, layer.sparsity_ofmap, hardware))
    macs = layer.macs * images
    return Counts(macs, macs * nonzero, events)


@st.composite
def dividing(draw: st.DrawFn) -> tuple[Layer, Hardware, CnnergyMapping]:
    """A layer all of whose tiles divide its sizes."""
    hardware = draw(hardwares())
    R, S, U = draw(st.integers(1, 5)), draw(st.integers(1, 5)), draw(st.integers(1, 3))
    E, G = draw(st.sampled_from([1, 2, 7, hardware.K, 2 * hardware.K])), draw(st.integers(1, 30))
    C, F = draw(st.sampled_from([1, 2, 4, 16, 48, 72, 144])), draw(st.sampled_from([1, 6, 18, 36, 72]))
    assume(hardware.J >= R)
    assume(hardware.I_s >= S)
    assume(hardware.f_s >= hardware.I_s)
    layer = Layer(
        name="L", H=U * (E - 1) + R, W=U * (G - 1) + S, C=C, R=R, S=S, F=F, U=U, E=E, G=G,
        sparsity_ifmap=draw(st.sampled_from([0.0, 0.25])), first=draw(st.booleans()),
    )  # fmt: skip
    try:
        mapping = map_layer(layer, hardware)
    except ValueError:
        assume(False)
    tiles = ((C, mapping.z_i), (F, mapping.f_i), (E, mapping.Y_o), (mapping.Y_o, mapping.y_o), (G, mapping.X_o))
    assume(all(tile == int(tile) and size % tile == 0 for size, tile in tiles))
    return layer, hardware, mapping


@given(dividing(), st.integers(1, 3))
def test_counts_are_those_of_the_passes_one_by_one(case: tuple[Layer, Hardware, CnnergyMapping], images: int) -> None:
    layer, hardware, mapping = case
    counts = count(layer, hardware, mapping, images)
    walked = whole_passes(layer, hardware, mapping, images)
    assert counts.macs == walked.macs
    for event in c.ALL_EVENTS:
        assert abs(counts[event] - walked[event]) <= 1e-9 * max(1, abs(walked[event])), event


def test_psums_of_a_column_come_from_below_but_for_the_bottom_pe() -> None:
    layer = Layer(name="L", C=16, H=15, W=15, R=3, S=3, F=18, E=13, G=13)
    counts = count(layer, EYERISS_16BIT, map_layer(layer, EYERISS_16BIT), 1)
    assert counts[c.INTER_PE_PSUM] == (12 - 1) * 18 * 13 * 13
    assert counts[c.RF_PSUM_READ] == counts.macs - counts[c.INTER_PE_PSUM]
