"""What a refusal advises is true: who takes the advice can run the layer."""

import re
from dataclasses import fields, replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.layer import Layer
from analytical.mappings import MAPPERS, MapperOptions
from analytical.mappings.advice import flattened
from analytical.mappings.cnnergy import RuleSet
from analytical.mappings.tiling import MappingError
from tests.strategies import any_hardwares, layers


def taken(message: str, layer: Layer, hardware: Hardware) -> tuple[Layer, Hardware]:
    """Layer and hardware as the message advises."""
    if "written flat" in message:
        flat = flattened(layer)
        assert flat is not None
        return flat, hardware
    needs = dict(re.findall(r"(\w+) >= ([\d.e+-]+)", message.rpartition(";")[2]))
    assert needs, message
    kinds = {field.name: type(getattr(hardware, field.name)) for field in fields(hardware)}
    numbers = {name: float(text) if name == "glb_kib" else kinds[name](text) for name, text in needs.items()}
    return layer, replace(hardware, **numbers)  # type: ignore[arg-type]


@settings(max_examples=400, deadline=None)
@given(layers(most_macs=10**6), any_hardwares(), st.sampled_from([*MAPPERS]), st.sampled_from([*RuleSet]))
def test_advice_that_is_taken_helps(layer: Layer, hardware: Hardware, mapper: str, rules: RuleSet) -> None:
    options = MapperOptions(rules=rules)
    try:
        MAPPERS[mapper].choose(layer, hardware, 1, options).mapping.tiling(layer, hardware, 1)
    except MappingError as error:
        message = str(error)
    else:
        assume(False)
    if message.endswith("the corrected rules map it"):
        options = MapperOptions()
    elif ";" in message:
        layer, hardware = taken(message, layer, hardware)
    else:
        # none is known, which happens where the published rules lead into a dead end
        assert rules is RuleSet.PUBLISHED
        return
    MAPPERS[mapper].choose(layer, hardware, 1, options).mapping.tiling(layer, hardware, 1)


@pytest.mark.parametrize("mapper", [*MAPPERS])
def test_an_fc_layer_taller_than_the_array_is_to_be_written_flat(mapper: str) -> None:
    layer = Layer(name="fc1", kind="fc", H=28, W=28, C=1, R=28, S=28, F=10, E=1, G=1)
    with pytest.raises(MappingError, match="written flat, as 1x1 filters of 784 channels over an ifmap of 1x1"):
        MAPPERS[mapper].choose(layer, EYERISS_16BIT, 1, MapperOptions())


def test_a_filter_that_is_too_large_both_ways_names_both_limits() -> None:
    layer = Layer.conv("k13", channels=3, size=32, filters=8, filter=13)
    with pytest.raises(MappingError, match="taller than the array of 12 PE rows; J >= 13 and I_s >= 13 would fit it"):
        MAPPERS["cnnergy"].choose(layer, EYERISS_16BIT, 1, MapperOptions())
