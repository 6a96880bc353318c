"""Clock power from the capacitance the clock drives (eqs 21-23)."""

from dataclasses import dataclass, fields
from functools import cache

from analytical.technology import CLOCK_NODE, EYERISS_NODE

LARGEST = 1e15
"""Beyond any constant of a chip that could be built, in units of :class:`ClockTree`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClockTree:
    """A 16-leaf H-tree over the chip, and the clocked transistors of its PEs and GLB.

    Farad, micrometre, volt and hertz; gate sizes in unit MOSFETs. The defaults are those of CNNergy: NCSU 45 nm
    cells at 1.1 V, scaled to 65 nm at 1 V.

    Attributes
    ----------
    gate_F : float
        Input capacitance of a unit MOSFET, in farad.
    flip_flop_F : float
        Capacitance of the clock pin of a flip-flop, in farad.
    wire_F_per_um : float
        Capacitance of the top metal layer, in farad a micrometre.
    chip_side_um : float
        Side of the square chip, in micrometres.
    inverter_units : int
        Size of a clock buffer, in unit MOSFETs.
    pe_flip_flops : int
        Registers of a PE, in flip-flops of one bit.
    sram_flip_flops : int
        Registers around a PE's filter SRAM, in flip-flops of one bit.
    sram_precharge_units, sense_amplifier_units : int
        Bitline precharge and sense amplifiers of one SRAM, in unit MOSFETs; a bank of the GLB has the same
        amplifiers.
    decoder_units : int
        A row decoder, in unit MOSFETs; a filter SRAM has two, the GLB one.
    glb_flip_flops : int
        Registers of the GLB, in flip-flops of one bit.
    bank_precharge_units : int
        Bitline precharge of one bank of the GLB, in unit MOSFETs.
    vdd : float
        Supply voltage for which the capacitances hold, in volts.
    scale : float
        Factor on the power, from that technology to the chip's (section V).

    Raises
    ------
    ValueError
        A constant that is negative, or beyond all that could be built.
    """

    gate_F: float = 0.00155103e-12 / 15
    flip_flop_F: float = 30 * 0.00646193e-12 / 60
    wire_F_per_um: float = 0.0358e-15
    chip_side_um: float = 3500
    inverter_units: int = 9

    pe_flip_flops: int = 576 + 32
    sram_flip_flops: int = 8 + 16 + 16
    sram_precharge_units: int = 64 * 6
    sense_amplifier_units: int = 16 * 6
    decoder_units: int = 4 * 10

    glb_flip_flops: int = 3 * 16
    bank_precharge_units: int = 64 * 30

    vdd: float = CLOCK_NODE.vdd
    scale: float = CLOCK_NODE.scale_to(EYERISS_NODE)

    def __post_init__(self) -> None:
        # a hardware file may set any of them
        for constant in fields(self):
            value = getattr(self, constant.name)
            # "not within" rather than "below or above": NaN is refused, too
            if not 0 <= value <= LARGEST:
                raise ValueError(f"clock tree: {constant.name} is {value}; expected a number from 0 to {LARGEST:g}")

    @property
    def tree_F(self) -> float:
        """Buffers and wires of the H-tree: C_buff + C_wire of eq 22."""
        inverter = self.inverter_units * self.gate_F
        # a segment of a quarter of the chip's side has two buffers, one of an eighth has one; terms go level by level
        a = 2 * inverter + self.chip_side_um / 4 * self.wire_F_per_um
        b = inverter + self.chip_side_um / 8 * self.wire_F_per_um
        return a + 2 * b + 2 * a + 4 * b + 4 * a + 8 * a

    @property
    def pe_F(self) -> float:
        """Registers and filter SRAM of one PE: C_PE-reg of eq 22, and eq 23 for the SRAM."""
        # only the filter RF is an SRAM with decoders and precharge; the other RFs count among the flip-flops
        gates = 2 * self.decoder_units + self.sram_precharge_units + self.sense_amplifier_units
        return (self.pe_flip_flops + self.sram_flip_flops) * self.flip_flop_F + gates * self.gate_F

    def glb_F(self, banks: int) -> float:
        """GLB of that many banks: C_SRAM of eq 23.

        Parameters
        ----------
        banks : int
            Banks of the whole GLB, filter buffer included.

        Returns
        -------
        float
            Farad.
        """
        gates = self.decoder_units + banks * (self.bank_precharge_units + self.sense_amplifier_units)
        return self.glb_flip_flops * self.flip_flop_F + gates * self.gate_F

    def power_W(self, *, pes: int, banks: int, clock_hz: float) -> float:
        """P_clk = C_clk * Vdd^2 * f, leakage 0 (eq 21), to the four digits with which the paper goes on.

        Parameters
        ----------
        pes : int
            PEs of the array.
        banks : int
            Banks of the whole GLB.
        clock_hz : float
            Core clock, in hertz.

        Returns
        -------
        float
            Watts.

        Examples
        --------
        >>> ClockTree().power_W(pes=168, banks=27, clock_hz=200e6)
        0.1063
        """
        return _power_W(self, pes, banks, clock_hz)


@cache
def _power_W(tree: ClockTree, pes: int, banks: int, clock_hz: float) -> float:
    """Remembered, since every price of a count asks for it."""
    # four digits, since the authors' program takes 0.1063 W as it stands: more would shift every energy against its own
    capacitance = tree.tree_F + pes * tree.pe_F + tree.glb_F(banks)
    return float(f"{capacitance * tree.vdd**2 * clock_hz * tree.scale:.4g}")
