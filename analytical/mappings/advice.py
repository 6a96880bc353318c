"""What to say of a layer that cannot be mapped: the limit that it exceeds, and a way out that has been tried."""

from collections.abc import Callable
from dataclasses import replace

from analytical.errors import InputError
from analytical.hardware import Hardware
from analytical.layer import Layer

Maps = Callable[[Layer, Hardware], bool]
"""Whether a layer can be mapped on a hardware."""


def least_needs(layer: Layer, hardware: Hardware) -> str:
    """The first limit of the hardware that even the smallest tile exceeds: one filter, one window, one channel.

    Returns
    -------
    str
        Empty where there is none.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> least_needs(Layer(name="L", C=1, H=20, W=20, R=13, S=3, F=1, E=8, G=18), EYERISS_16BIT)
    'a filter of 13 rows is taller than the array of 12 PE rows'
    """
    if layer.R > hardware.J:
        return f"a filter of {layer.R} rows is taller than the array of {hardware.J} PE rows"
    if hardware.I_s < layer.S:
        return f"a filter row of {layer.S} words exceeds the ifmap RF of {hardware.I_s}"
    if hardware.f_s < layer.S:
        return f"a filter row of {layer.S} words exceeds the filter RF of {hardware.f_s}"
    words = _least_words(layer)
    # the same sum as the GLB is filled by: as many words as it has, or fewer
    if words * hardware.b_w / 8192 > hardware.glb_kib:
        return (
            f"the smallest tile, one window of one channel and its psum, has {words} words, more than the GLB of "
            f"{hardware.glb_kib} KiB"
        )
    return ""


def _least_words(layer: Layer) -> int:
    # rows and columns that no window needs move with the others where the tile is the whole ifmap
    rows = layer.H if layer.E == 1 else layer.R
    columns = layer.W if layer.G == 1 else layer.S
    return rows * columns + 1


def way_out(layer: Layer, hardware: Hardware, maps: Maps) -> str:
    """What would make a layer fit, as the end of a message; it has been tried.

    Parameters
    ----------
    layer : Layer
        Which does not fit.
    hardware : Hardware
    maps : callable
        Whether a layer can be mapped on a hardware.

    Returns
    -------
    str
        Begins with a semicolon; empty where no way out is known.

    Examples
    --------
    >>> from analytical.hardware import EYERISS_16BIT
    >>> from analytical.mappings.rules_corrected import map_corrected
    >>> tall = Layer(name="L", C=1, H=20, W=20, R=13, S=13, F=1, E=8, G=8)
    >>> way_out(tall, EYERISS_16BIT, lambda layer, hardware: not least_needs(layer, hardware))
    '; J >= 13 and I_s >= 13 would fit it'
    """
    if layer.R > 1 or layer.S > 1:
        flat = flattened(layer)
        if flat is not None and maps(flat, hardware):
            return (
                "; its filter is as large as its ifmap: written flat, as 1x1 filters of "
                f"{flat.C} channels over an ifmap of 1x1, it is the same dot product, and fits"
            )
    for words in _glb_words(layer, hardware):
        needs: dict[str, float] = {}
        for name, least in (("J", layer.R), ("I_s", layer.S), ("f_s", layer.S)):
            if getattr(hardware, name) < least:
                needs[name] = least
        kib = words * hardware.b_w / 8192
        if hardware.glb_kib < kib:
            needs["glb_kib"] = kib
        try:
            larger = replace(hardware, **needs)  # type: ignore[arg-type]  # each field gets the number that it takes
        except InputError:
            continue
        if needs and maps(layer, larger):
            return f"; {' and '.join(f'{name} >= {number!r}' for name, number in needs.items())} would fit it"
    return ""


def flattened(layer: Layer) -> Layer | None:
    """The fully connected layer that one with a filter as large as its ifmap is; None where it is not.

    Examples
    --------
    >>> flat = flattened(Layer(name="FC", kind="fc", H=28, W=28, C=1, R=28, S=28, F=10, E=1, G=1))
    >>> flat.C, flat.R, flat.macs
    (784, 1, 7840)
    """
    if (layer.R, layer.S) != (layer.H, layer.W):
        return None
    return replace(layer, H=1, W=1, R=1, S=1, pad_h=0, pad_w=0, U=1, stride_width=None, C=layer.C * layer.R * layer.S)


def _glb_words(layer: Layer, hardware: Hardware) -> tuple[int, ...]:
    """Sizes of the GLB to try, in words: the smallest tile, that of the chip's mapping, and banks for its two parts."""
    strips = layer.R * layer.W + layer.G
    return _least_words(layer), strips, strips + 2 * hardware.glb_bank_words
