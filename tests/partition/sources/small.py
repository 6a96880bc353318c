"""A small network for energy sources."""

from analytical.layer import Layer
from analytical.network import Network

A = Layer(name="A", H=15, W=15, C=3, R=3, S=3, F=8, E=13, G=13, sparsity_ofmap=0.5, first=True)


B = Layer(name="B", H=8, W=8, pad_h=1, pad_w=1, C=8, R=3, S=3, F=4, E=6, G=6, sparsity_ifmap=0.6, sparsity_ofmap=0.3)


C = Layer(name="C", kind="fc", H=6, W=6, C=4, R=6, S=6, F=10, E=1, G=1, sparsity_ifmap=0.3)


NETWORK = Network("small", (A, B, C))
