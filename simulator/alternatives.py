"""Layers that CNNergy's mapping serves badly, and what the mapper would make of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from analytical.mappings import FILE_MAPPER, MappingError, Origin
from analytical.mappings.search import find_mapping
from simulator.machine.schedule import pass_shape
from simulator.result import LayerResult, NetworkResult

FEW_PES = 1 / 3
"""Share of the array below which a mapping keeps few PEs at work."""

MORE_PES = 2
"""Times as many PEs that another mapping has to keep at work then."""

DEARER = 1.5
"""Times the energy of another mapping from which on a mapping is dear."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alternative:
    """A layer as it ran, and what the mapper's least energy for it is.

    Attributes
    ----------
    layer : str
    active_pes, mapper_pes : int
        PEs at work in the fullest pass, in the run and by the mapper.
    energy_J, mapper_energy_J : float
        Joules of an image: simulated, and as the mapper estimates them.
    """

    layer: str
    active_pes: int
    energy_J: float
    mapper_pes: int
    mapper_energy_J: float

    @property
    def option(self) -> str:
        """What to ask for."""
        return f"--mapping {FILE_MAPPER}"


def alternatives(result: NetworkResult) -> Iterator[Alternative]:
    """Layers on CNNergy's mapping that :data:`FEW_PES` or :data:`DEARER` is true of, in order.

    Parameters
    ----------
    result : NetworkResult

    Yields
    ------
    Alternative
        Of each such layer.

    Examples
    --------
    >>> import simulator
    >>> [found] = alternatives(simulator.run("alexnet", layers=["FC8"]))
    >>> found.layer, found.active_pes, found.mapper_pes > 24
    ('FC8', 12, True)
    """
    pes = result.hardware.pes
    for layer in result:
        # who chose a mapping, or the mapper itself, needs no hint at it
        found = _of(layer) if layer.chosen.origin is Origin.RULES else None
        if found is None:
            continue
        few = found.active_pes < FEW_PES * pes and found.mapper_pes >= MORE_PES * found.active_pes
        if few or found.energy_J > DEARER * found.mapper_energy_J:
            yield found


def _of(result: LayerResult) -> Alternative | None:
    layer, hardware, images = result.run.layer, result.run.tiling.hardware, result.run.images
    try:
        found = find_mapping(layer, hardware, images)
    except MappingError:
        return None
    tiling = found.mapping.tiling(layer, hardware, images)
    fullest = pass_shape(
        tiling,
        images=tiling.N,
        filters=tiling.f,
        channels=tiling.z,
        rows=tiling.y_o,
        columns=tiling.X_o,
        loads=True,
        reads=False,
    )
    return Alternative(
        layer=result.name,
        active_pes=result.run.active_pes,
        energy_J=result.energy_J,
        mapper_pes=fullest.active_pes,
        mapper_energy_J=found.energy_J,
    )
