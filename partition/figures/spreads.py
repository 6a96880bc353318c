"""A network on several devices as diagrams: what each device spends, and what a bit may cost."""

import numpy as np

from partition.figures.panels import Panel, Series
from partition.fleet.distribution import Distribution

PARTS = {"compute": "compute_J", "send": "send_J", "receive": "receive_J", "idle": "idle_J"}
"""What a device spends energy on, and the figure of it."""

POINTS = 121
"""Of a curve over what a bit costs."""


def panels(found: Distribution) -> list[Panel]:
    """Bars of what each device spends on a frame, by strategy, beside one device alone; and the worst device's energy
    over what a bit costs, sent and received alike, with the break-evens.

    Each way is made once, for the link that was asked for: its energies are lines over what a bit costs, of which the
    worst device's is the upper envelope.

    Parameters
    ----------
    found : Distribution

    Examples
    --------
    >>> from partition.fleet.distribution import distribute
    >>> found = distribute("alexnet", 2, bitrate="80Mbps", tx_power="0.78W", strategy="data")
    >>> bars, curves = panels(found)
    >>> bars.series[0].label, bars.series[0].x, [series.label for series in curves.series]
    ('compute', ['data 0', 'data 1'], ['data', 'break-evens'])
    """
    alone_mJ = found.alone.max_energy_J * 1e3
    names = [f"{spread.name} {device.name}" for spread in found.spreads for device in spread.devices]
    stacks = [
        Series(
            label=label,
            x=names,
            y=[1e3 * getattr(device, part) for spread in found.spreads for device in spread.devices],
        )
        for label, part in PARTS.items()
        if any(getattr(device, part) for spread in found.spreads for device in spread.devices)
    ]
    breakevens = [spread.breakeven_J_per_bit(found.alone.max_energy_J) for spread in found.spreads]
    known = [at for at in breakevens if at]
    link = found.fleet.link
    now = link.tx_power_W / link.bitrate_bps
    ends = [at for at in (*known, now) if at > 0] or [1e-9]
    prices = np.geomspace(min(ends) / 30, max(ends) * 10, POINTS)
    curves = [
        Series(
            label=spread.name,
            x=[float(price) * 1e9 for price in prices],
            y=[1e3 * spread.worst_J(float(price)) for price in prices],
        )
        for spread in found.spreads
    ]
    marked = Series(label="break-evens", x=[at * 1e9 for at in known], y=[alone_mJ] * len(known), is_points=True)
    title = f"{found.network}, {len(found.fleet.members)} devices, {found.source}"
    return [
        Panel(title=f"{title}: a frame", x="", y="mJ", series=stacks, is_stacked=True, lines={"one alone": alone_mJ}),
        Panel(
            title=f"{title}: the worst device",
            x="nJ a bit, sent and received alike",
            y="mJ a frame",
            series=[*curves, marked],
            log="xy",
            lines={"one alone": alone_mJ},
        ),
    ]
