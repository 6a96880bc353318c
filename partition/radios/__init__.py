"""Radios by name, with figures that somebody has published (``published.csv``)."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from analytical.sheet import list_names, parse_sheet
from partition.units import UnitError, quantity, require


@dataclass(frozen=True, kw_only=True, slots=True)
class Radio:
    """What sends and receives.

    Attributes
    ----------
    name : str or None
        None: figures that a person gave.
    bitrate_bps, tx_power_W, rx_power_W : float
    source : str
        Who has published that; empty: nobody.
    """

    name: str | None = None
    bitrate_bps: float
    tx_power_W: float
    rx_power_W: float
    source: str = ""

    def __post_init__(self) -> None:
        require("bitrate_bps", self.bitrate_bps, "bps")
        require("tx_power_W", self.tx_power_W, "W")
        require("rx_power_W", self.rx_power_W, "W")


@cache
def radios() -> dict[str, Radio]:
    """The radios that have names.

    Examples
    --------
    >>> list(radios()), radios()["ble"].bitrate_bps
    (['wifi', 'lte', '5g', 'ble', 'nfc'], 1000000.0)
    """
    text = files("partition.radios").joinpath("published.csv").read_text(encoding="utf-8")
    return {
        row["radio"]: Radio(
            name=row["radio"],
            bitrate_bps=float(row["bitrate_bps"]),
            tx_power_W=float(row["tx_power_W"]),
            rx_power_W=float(row["rx_power_W"]),
            source=row["source"],
        )
        for _, row in parse_sheet(text, ValueError, "radios").rows
    }


def bit_rate(said: str | float) -> float:
    """A bit rate, or that of a radio by its name.

    Raises
    ------
    UnitError
        It is neither.

    Examples
    --------
    >>> bit_rate("60Mbps"), bit_rate("WiFi")
    (60000000.0, 80000000.0)
    """
    known = radios().get(said.strip().lower()) if isinstance(said, str) else None
    if known is not None:
        return known.bitrate_bps
    try:
        return quantity(said, "bps")
    except UnitError as error:
        raise UnitError(f"{error}, or one of {list_names(list(radios()))}") from error


def radio_of(bitrate: str | float, tx_power: str | float | None = None, rx_power: str | float | None = None) -> Radio:
    """A radio: one that has a name, or a bit rate and the powers that go with it.

    Parameters
    ----------
    bitrate : str or float
        ``"wifi"``, ``"60Mbps"``, or bits a second.
    tx_power, rx_power : str or float, optional
        ``"0.5W"``, or watts. Default: those of the radio that is named; without a name, that of sending has none, and
        that of receiving is that of sending.

    Raises
    ------
    UnitError
        What it says makes no sense, or a bit rate without a power.

    Examples
    --------
    >>> radio_of("ble").tx_power_W, radio_of("wifi", "1W").tx_power_W, radio_of("60Mbps", "0.5W").rx_power_W
    (0.0144, 1.0, 0.5)
    """
    rate = bit_rate(bitrate)
    named = radios().get(bitrate.strip().lower()) if isinstance(bitrate, str) else None
    if tx_power is not None:
        sending = quantity(tx_power, "W")
    elif named is not None:
        sending = named.tx_power_W
    else:
        names = list_names(list(radios()))
        raise UnitError(f"the bit rate has no transmission power; expected one like 0.5W, or {names} for the bit rate")
    if rx_power is not None:
        receiving = quantity(rx_power, "W")
    else:
        receiving = sending if named is None or tx_power is not None else named.rx_power_W
    if named is not None and (sending, receiving) == (named.tx_power_W, named.rx_power_W):
        return named
    return Radio(bitrate_bps=rate, tx_power_W=sending, rx_power_W=receiving)
