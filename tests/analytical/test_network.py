"""Networks as values."""

import pytest

from analytical.layer import Layer
from analytical.network import Network, NetworkError
from analytical.networks import load_network


def test_a_subset_keeps_the_order_and_what_is_first() -> None:
    subset = load_network("alexnet").subset(["C5", "C1"])
    assert [(layer.name, layer.first) for layer in subset] == [("C1", True), ("C5", False)]
    with pytest.raises(NetworkError, match="no layer 'C9'; expected some of C1, C2"):
        load_network("alexnet").subset(["C9"])


def test_a_network_has_layers_with_names_of_their_own() -> None:
    layer = Layer.fc("A", inputs=2, outputs=2)
    with pytest.raises(NetworkError, match="no layers; expected at least one"):
        Network("empty", ())
    with pytest.raises(NetworkError, match="layer A stands twice"):
        Network("twins", (layer, layer))
