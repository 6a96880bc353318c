"""What follows from the side of an array: how wide its ports are, and how far its clock goes."""

import math


def side_factor(pes: int, base_pes: int) -> float:
    """The side of a square array, in sides of another one: the square root of the PEs that the one has for each of the
    other.

    That takes a chip's area to grow with its PEs, the GLB's and the networks' along with theirs. It is a law of
    proportion with one point that is known, Eyeriss's 3.5 mm for 168 PEs (JSSC 2017): the farther from there, the less
    it says.

    Parameters
    ----------
    pes, base_pes : int
        PEs of the one and of the other array.

    Examples
    --------
    >>> side_factor(672, 168)
    2.0
    """
    return math.sqrt(pes / base_pes)


def port_bits(bits: int, b_w: int, factor: float) -> int:
    """Width of a network between GLB and PEs that goes with the side of the array, since so many rows and columns are
    served through it: whole words, rounded down, and at least one.

    Parameters
    ----------
    bits : int
        Width at the array that the factor is counted from.
    b_w : int
        Bits of a word.
    factor : float
        Of :func:`side_factor`.

    Examples
    --------
    >>> port_bits(64, 16, 2.0), port_bits(16, 16, 2.47), port_bits(16, 16, 0.5)
    (128, 32, 16)
    """
    # a side that is a whole multiple is one, however its square root was rounded
    return max(1, math.floor(bits / b_w * factor + 1e-9)) * b_w
