"""The figure that a survey gives for what compression saves, by its own formula, to be set beside the model's.

Q. Xie et al., "Energy Efficiency Enhancement for CNN-based Deep Mobile Sensing", Fig. 4 and the text above it: model
size times the energy of DRAM, and FLOP times that of one. Nothing is charged for the index that says where weights are,
for feature maps, register files, buffers or the clock; and each weight crosses the link once.
"""

from analytical.network import Network

DRAM_J_PER_BYTE = 640e-12 / 4
"""Its Fig. 3: 640 pJ for 32 bits. Its 82.08 mJ are 513 MB at this price."""

FLOP_J, NARROW_FLOP_J = 2.3e-12, 1.6e-12
"""The mean of a multiplication and an addition: in 32-bit floats; and, for quantised weights, in integers."""

WEIGHT_BITS = 32
"""Of a weight that is not quantised."""


def survey_J(network: Network) -> float:
    """Joules of an image by the survey's formula.

    Parameters
    ----------
    network : Network
        Its layers' shares of zero weights and bits of a weight.

    Examples
    --------
    >>> from analytical.compression.transforms import prune
    >>> from analytical.networks import load_network
    >>> vgg = load_network("vgg16")
    >>> round(survey_J(vgg) / survey_J(prune(vgg, 0.7)), 2)
    3.33
    """
    joules = 0.0
    for layer in network.layers:
        kept = 1 - layer.sparsity_filters
        bits = layer.filter_bits or WEIGHT_BITS
        flop_J = FLOP_J if layer.filter_bits is None else NARROW_FLOP_J
        joules += kept * (layer.weights * bits / 8 * DRAM_J_PER_BYTE + 2 * layer.macs * flop_J)
    return joules
