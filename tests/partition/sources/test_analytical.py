"""The closed forms as a source of energies."""

from analytical.hardware import EYERISS_8BIT
from analytical.model import estimate_layer
from partition.sources import choose_source
from partition.sources.analytical import Analytical
from tests.partition.sources.small import NETWORK


def test_the_analytical_source_is_the_model() -> None:
    costs = choose_source("analytical").costs(NETWORK, EYERISS_8BIT)
    assert costs.energy_J == {layer.name: estimate_layer(layer, EYERISS_8BIT).energy.total for layer in NETWORK.layers}
    assert costs == Analytical().costs(NETWORK, EYERISS_8BIT)
