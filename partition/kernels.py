"""Compiled decisions; :mod:`partition.envelope` says what the arguments are."""

from traces.compiled import njit


@njit(error_model="numpy", inline="always")
def decide(x, image_J, image_bits, energy_J, bits, cut, switch):
    """The cut of least energy at x = P_Tx / B: by binary search among the lines of the envelope, then the image's.

    ``energy_J``, ``bits`` and ``cut`` have a place for each line of the envelope, ``switch`` one fewer; ``image_J`` and
    ``image_bits`` are the image's line, whose cut is number 0.
    """
    # how many switch points are at most x: the line that the envelope has there
    line, length = 0, switch.size
    while length > 0:
        half = length // 2
        if switch[line + half] <= x:
            line += half + 1
            length -= half + 1
        else:
            length = half
    # near a switch point rounding decides: compare as the algorithm does, with the neighbours; of equal ones the first
    # cut wins, as there, and the image's, which is cut 0, wins over all
    best, least = cut[line], energy_J[line] + x * bits[line]
    if line > 0:
        cost = energy_J[line - 1] + x * bits[line - 1]
        if cost < least or (cost == least and cut[line - 1] < best):
            best, least = cut[line - 1], cost
    if line < cut.size - 1:
        cost = energy_J[line + 1] + x * bits[line + 1]
        if cost < least or (cost == least and cut[line + 1] < best):
            best, least = cut[line + 1], cost
    if image_J + x * image_bits <= least:
        best = 0
    return best


@njit()
def decide_all(x, image_J, image_bits, energy_J, bits, cut, switch, best):
    """:func:`decide` for each place of the arrays ``x`` and ``image_bits``, into ``best``."""
    for i in range(x.size):
        best[i] = decide(x[i], image_J, image_bits[i], energy_J, bits, cut, switch)


@njit(inline="always")
def algorithm_2(x, image_J, image_bits, energy_J, bits):
    """Algorithm 2 of the paper: the first of the cuts with the least energy; cut 0 is the image's.

    ``image_J + x * image_bits`` stands in for the first of the lines ``energy_J + x * bits``.
    """
    best, least = 0, image_J + x * image_bits
    for cut in range(1, energy_J.size):
        cost = energy_J[cut] + x * bits[cut]
        if cost < least:
            best, least = cut, cost
    return best


@njit()
def algorithm_2_all(x, image_J, image_bits, energy_J, bits, best):
    """:func:`algorithm_2` for each place of the arrays ``x`` and ``image_bits``, into ``best``."""
    for i in range(x.size):
        best[i] = algorithm_2(x[i], image_J, image_bits[i], energy_J, bits)
