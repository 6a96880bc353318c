"""Plans, maps and images as tables; only this imports rich, and commands import it only to print."""

from collections import Counter
from collections.abc import Sequence
from functools import singledispatch
from typing import Any

from rich.console import Console

from analytical.glb_size import SizedGlb
from analytical.graph import IMAGE, why_no_cut
from analytical.terminal.tables import people_console, people_table
from analytical.terminal.text import digits, metric, short
from partition.catalogue import Choice
from partition.channel import image_bits
from partition.fleet.compared import SharedLayer
from partition.fleet.distribution import Distribution
from partition.images import JpegImage
from partition.maps import COARSE, Quartile, cut_map, grid
from partition.planning import Plan
from partition.platforms import Chain
from partition.processors.schedules import Schedule
from partition.processors.splitting import Schedules, Split
from partition.sources.base import knows_shares


@singledispatch
def show(result: Any) -> None:
    """Print a result as a table: of :func:`partition.plan`, :func:`partition.distribute`, :func:`partition.split` and
    the like.

    Raises
    ------
    TypeError
        It is none.

    Examples
    --------
    >>> show(3)
    Traceback (most recent call last):
    ...
    TypeError: int has no table; expected a Plan, a Distribution or a Split
    """
    raise TypeError(f"{type(result).__name__} has no table; expected a Plan, a Distribution or a Split")


@show.register
def _(result: Plan) -> None:
    print_plan(result)


@show.register
def _(result: Distribution) -> None:
    print_distribution(result)


@show.register
def _(result: Split) -> None:
    print_split(result, [result.best])


@show.register
def _(result: Schedules) -> None:
    print_kept(result)


@show.register
def _(result: Chain) -> None:
    print_chain(result)


@show.register
def _(result: Choice) -> None:
    print_choice(result)


def print_plan(plan: Plan, jpeg: JpegImage | None = None) -> None:
    """Every cut of a plan, the best of them, what it saves, and which cuts are best at other bit rates.

    Parameters
    ----------
    plan : Plan
        What to print.
    jpeg : JpegImage, optional
        The image whose share of zeros the plan has: its file is set beside the bits that the paper expects.
    """
    console = people_console()
    channel, cuts, best = plan.channel, plan.cuts, plan.optimum
    scale, prefix = metric(max(cut.total_energy_J(channel) for cut in cuts))
    codec = plan.costs.codec_bits
    console.print(
        f"{plan.graph.network} on {plan.hardware.name}, {plan.source} energies, {short(channel.bitrate_bps)}bps at "
        f"{channel.tx_power_W:g} W, Sparsity-In {100 * plan.sparsity_in:.2f} %",
        style="bold",
    )
    headings = [
        "cut",
        "bits",
        *(["codec"] if codec else []),
        f"client {prefix}J",
        f"send {prefix}J",
        f"total {prefix}J",
    ]
    table = people_table("What the phone spends on an image, by the last layer that it runs", *headings, "delay ms", "")
    for cut in cuts:
        joules = (cut.client_energy_J, channel.energy_J(cut.transmit_bits), cut.total_energy_J(channel))
        table.add_row(
            cut.name,
            short(cut.transmit_bits),
            *([short(codec[cut.name]) if cut.name in codec else ""] if codec else []),
            *(digits(part * scale) for part in joules),
            digits(cut.delay_s(channel) * 1e3),
            "<" if best is not None and cut.name == best.name else "",
            style="bold" if best is not None and cut.name == best.name else None,
        )
    console.print(table)
    if best is not None and plan.least == "delay":
        console.print(
            f"Fastest after {best.name}: {digits(best.delay_s(channel) * 1e3)} ms, "
            f"{digits(best.total_energy_J(channel) * scale)} {prefix}J."
        )
    elif best is not None:
        fcc, fisc = plan.saving_percent(best, cuts[0]), plan.saving_percent(best, cuts[-1])
        console.print(
            f"Cut after {best.name}: {digits(best.total_energy_J(channel) * scale)} {prefix}J; saves {fcc:.1f} % "
            f"against all in the cloud (FCC), {fisc:.1f} % against all on the phone (FISC)."
        )
    for line in why_no_cut(plan.graph):
        console.print(line)
    # what is best at other bit rates is found by energy alone, and would contradict a limit on the delay
    if plan.max_delay_s is None and plan.least == "energy":
        _print_beyond(console, plan, scale, prefix)
    if jpeg is not None:
        ours = short(image_bits(plan.graph.nodes[IMAGE].values, jpeg.sparsity_in))
        console.print(f"The image's JPEG file has {short(jpeg.file_bits)} bits; the paper expects {ours} by its zeros.")
        if plan.jpeg_bits is None:
            console.print("What is sent is the paper's figure; --jpeg-bits file takes the file's.")


def _print_beyond(console: Console, plan: Plan, scale: float, prefix: str) -> None:
    """The best cuts at other bit rates, and through branches."""
    channel, cuts = plan.channel, plan.cuts
    rates = ", ".join(
        f"{name} from {short(rate)}bps" if rate else f"{name} at first" for name, rate in plan.switch_rates()
    )
    console.print(f"Best at {channel.tx_power_W:g} W, by bit rate: {rates}.")
    branching, sent = plan.branching_optimum
    # the flow's cut is exact, the cuts' sums are not: only what is less by more than rounding is another cut
    least = min(cut.total_energy_J(channel) for cut in cuts)
    if branching.total_energy_J(channel) < least * (1 - 1e-9):
        console.print(
            f"Through its branches: {digits(branching.total_energy_J(channel) * scale)} {prefix}J, sending "
            f"{', '.join(sent)}."
        )


def print_map(plan: Plan, rates: tuple[float, float], powers: tuple[float, float], title: str) -> None:
    """Which cut wins, over a coarse grid of channels.

    Parameters
    ----------
    plan : Plan
        Its cuts; its own channel does not matter.
    rates, powers : tuple of float
        First and last bit rate (bit/s, a column each) and transmission power (W, a row each).
    title : str
        Stands above the table.
    """
    coarse = cut_map(plan, *grid(rates, powers, COARSE))
    table = people_table(title, "W \\ Mbps", *(f"{rate / 1e6:.4g}" for rate in coarse.bitrates_bps))
    for power, best in zip(coarse.tx_powers_W, coarse.cuts, strict=True):
        table.add_row(f"{power:.3g}", *(coarse.names[cut] for cut in best))
    people_console().print(table)


def print_quartiles(plan: Plan, found: Sequence[Quartile]) -> None:
    """What cutting saves, by quarters of the images (Table IV); ``plan`` says the channel that stands above."""
    table = people_table(
        f"{plan.graph.network}, {short(plan.channel.bitrate_bps)}bps, {plan.channel.tx_power_W:g} W, {plan.source} "
        "energies: mean savings in %",
        *("quartile", "images", "Sparsity-In, %", "vs FCC", "vs FISC", "intermediate cuts, %"),
    )
    for q in found:
        low, high = q.sparsity_in
        shares = f"{100 * low:.2f} to {100 * high:.2f}"
        savings = (f"{q.saving_vs_fcc_percent:.1f}", f"{q.saving_vs_fisc_percent:.1f}", f"{q.intermediate_percent:.1f}")
        table.add_row(str(q.number), str(q.images), shares, *savings)
    people_console().print(table)


def print_sizes(network: str, sizes: Sequence[SizedGlb]) -> None:
    """Energy against the size of the GLB (Fig. 13(c)), each beside the least of all sizes.

    At least one size must hold all layers.
    """
    fit = [size.energy for size in sizes if size.energy is not None]
    least, least_without = min(energy.total for energy in fit), min(energy.without_control for energy in fit)
    table = people_table(
        f"{network}: energy of an image", "GLB KiB", "mJ", "over least", "without control", "over least"
    )
    for size in sizes:
        if size.energy is None:
            table.add_row(f"{size.kib:g}", "a layer cannot be mapped")
            continue
        total, without = size.energy.total, size.energy.without_control
        shares = (f"{100 * (total / least - 1):.2f} %", f"{100 * (without / least_without - 1):.2f} %")
        table.add_row(f"{size.kib:g}", f"{total * 1e3:.3f}", shares[0], f"{without * 1e3:.3f}", shares[1])
    people_console().print(table)


def print_distribution(found: Distribution) -> None:
    """Ways side by side, and what each device of the best one does."""
    console = people_console()
    members, best = found.fleet.members, found.best
    of_kind = Counter(member.hardware.name for member in members)
    chips = " + ".join(f"{number} x {name}" for name, number in of_kind.items())
    title = f"{found.network} on {chips}, {found.source}: energies and memory of a frame"
    scale, prefix = metric(max(spread.max_energy_J for spread in (found.alone, *found.spreads)))
    headings = (f"{prefix}J worst", f"{prefix}J all", "weights MB", "activ. MB", "ms", "frames/s", "nJ/bit", "")
    table = people_table(title, "strategy", *headings)
    for spread in (found.alone, *found.spreads):
        is_alone = spread is found.alone
        breakeven = None if is_alone else spread.breakeven_J_per_bit(found.alone.max_energy_J)
        table.add_row(
            "one alone" if is_alone else spread.name,
            digits(spread.max_energy_J * scale),
            digits(spread.total_energy_J * scale),
            f"{max(device.weight_bytes for device in spread.devices) / 1e6:.2f}",
            f"{max(device.activation_bytes for device in spread.devices) / 1e6:.3f}",
            digits(spread.latency_s * 1e3),
            digits(spread.frames_per_s),
            "" if breakeven is None else f"{breakeven * 1e9:.3g}",
            "<" if spread is best else "" if is_alone or found.fleet.fits(spread) else ">",
        )
    console.print(table)
    if best is not None:
        ends = (*best.cuts, found.fleet.tensors.names[-1])
        if best.blocks:
            # of blocks in a row that are spread alike, the last one's end
            last = [at for at, way in enumerate(best.blocks) if way != next(iter(best.blocks[at + 1 :]), None)]
            cuts = ": " + ", ".join(f"{best.blocks[at]} to {ends[at]}" for at in last)
        else:
            cuts = f", cut after {', '.join(best.cuts)}" if best.cuts else ""
        table = people_table(
            f"{best.name}{cuts}",
            "",
            *("MMAC", "weights MB", "words in", "words out"),
            *(f"{what} {prefix}J" for what in ("compute", "send", "receive", "idle")),
        )
        for device in best.devices:
            table.add_row(
                device.name,
                f"{device.macs / 1e6:.1f}",
                f"{device.weight_bytes / 1e6:.2f}",
                short(device.image_received_words + device.received_words),
                short(device.image_sent_words + device.sent_words),
                *(
                    digits(joules * scale)
                    for joules in (device.compute_J, device.send_J, device.receive_J, device.idle_J)
                ),
            )
        console.print(table)
    console.print(
        "worst: of the device that spends most; nJ/bit: what a bit may cost for it to spend no more than one alone; "
        "<: the best that fits; >: too large for some device"
    )
    for spread in found.spreads:
        if not spread.is_exact:
            console.print(f"{spread.name}: among very many ways that none beats, those that look best were followed.")
    if any(not knows_shares(member.source) for member in members):
        console.print("Measured energies are of whole layers: shares of them are taken in proportion to their MACs.")


MOST_COMPARED = 6
"""Shares on which sources disagree most that a table shows."""


def print_compared(found: Sequence[Distribution], shares: Sequence[SharedLayer]) -> None:
    """Several sources side by side: the ways by each, and the shares on which they disagree most, with the reason."""
    console = people_console()
    names = [each.source for each in found]
    scale, prefix = metric(max(spread.max_energy_J for each in found for spread in each.spreads))
    title = f"The worst device's {prefix}J, and which is least (1), by source"
    table = people_table(title, "strategy", *(heading for name in names for heading in (name, "")))
    ranks = [_ranks([spread.max_energy_J for spread in each.spreads]) for each in found]
    for at, spread in enumerate(found[0].spreads):
        cells = [
            cell
            for each, of_source in zip(found, ranks, strict=True)
            for cell in (digits(each.spreads[at].max_energy_J * scale), str(of_source[at]))
        ]
        table.add_row(spread.name, *cells)
    console.print(table)
    hardware = found[0].fleet.members[0].hardware
    table = people_table(
        "A share's energy in % of its layer's, where the sources differ most",
        *("layer", "share", "% of it", *(f"{name} %" for name in names), "PEs at work"),
    )
    for each in shares[:MOST_COMPARED]:
        part, number = each.of
        pes = "" if each.active_pes is None else f"{each.active_pes[0]} of {each.active_pes[1]}"
        table.add_row(
            each.layer,
            f"{part} of {number} {each.split}",
            f"{100 * part / number:.0f}",
            *(f"{100 * each.energy[name]:.0f}" for name in names),
            pes,
        )
    console.print(table)
    if any(each.split == "rows" and each.active_pes and each.active_pes[0] < each.active_pes[1] for each in shares):
        console.print(
            f"A column of the {hardware.J} x {hardware.K} PEs makes a row of an ofmap: fewer rows leave columns idle, "
            "and a pass takes as long as before. Closed forms have one throughput, whatever works."
        )


def _ranks(values: Sequence[float]) -> list[int]:
    return [1 + sum(other < value * (1 - 1e-12) for other in values) for value in values]


def print_split(found: Split, schedules: Sequence[Schedule]) -> None:
    """A schedule layer by layer, and others to choose from, if there are some."""
    console = people_console()
    best, names = found.best, [processor.name for processor in found.processors]
    ways = found.layers()
    scale, prefix = metric(best.energy_J)
    table = people_table(f"{found.network}, parts of {found.parts}", "layer", *names, f"{prefix}J", "ms")
    for name, option in ways:
        shares = (str(part) if part else "" for part in option.parts)
        table.add_row(name, *shares, digits(option.energy_J * scale), digits(option.latency_s * 1e3))
    if ways:
        console.print(table)
    if len(schedules) > 1:
        table = people_table("Schedules that none beats", "cut", f"{prefix}J", "ms", "")
        for schedule in schedules:
            table.add_row(
                schedule.cut,
                digits(schedule.energy_J * scale),
                digits(schedule.latency_s * 1e3),
                "<" if schedule == best else "",
            )
        console.print(table)
    where = f"The phone stops after {best.cut}: " if ways else "The phone sends the image: "
    kept = " This schedule was solved beforehand." if found.is_kept else ""
    console.print(f"{where}{digits(best.energy_J * scale)} {prefix}J, {digits(best.latency_s * 1e3)} ms.{kept}")


def print_kept(found: Schedules) -> None:
    """Schedules that are kept, one by one, and what keeping each and those above it comes to."""
    console = people_console()
    names = "/".join(processor.name for processor in found.processors)
    table = people_table(
        f"{found.network}: schedules kept for {found.solved} of {found.conditions} conditions",
        *("", "cut", f"parts of {names}", "misses", "mean regret", "worst"),
    )
    for at, each in enumerate(found.kept, 1):
        record = each.record()
        table.add_row(
            str(at),
            record["cut"],
            record["split"],
            str(each.misses),
            f"{100 * each.mean_regret:.1f} %",
            f"{100 * each.worst_regret:.1f} %",
        )
    console.print(table)
    console.print(
        "misses: conditions in which none so far is in time; regret: what the cheapest in time costs above the best"
    )
    if found.solved < found.conditions:
        console.print(f"{found.conditions - found.solved} conditions have no schedule in time at all.")


def print_chain(found: Chain) -> None:
    """What each platform does of the best way, and the other ways that none beats."""
    console = people_console()
    best = found.best
    scale, prefix = metric(best.energy_J)
    number = len(found.platforms)
    table = people_table(
        f"{found.network} over {number} platform{'s' if number > 1 else ''}",
        *("platform", "runs", "sends", *(f"{what} {prefix}J" for what in ("compute", "send", "receive")), "ms", "MB"),
    )
    for stage, platform in zip(best.stages, found.platforms, strict=True):
        joules = (stage.compute_J, stage.send_J, stage.receive_J)
        table.add_row(
            stage.platform,
            " to ".join(dict.fromkeys((stage.first, stage.last))) if stage.first else "",
            stage.sends,
            *(digits(each * scale) if platform.is_counted else "" for each in joules),
            digits(stage.latency_s * 1e3),
            f"{stage.memory_bytes / 1e6:.2f}",
        )
    console.print(table)
    console.print(f"{digits(best.energy_J * scale)} {prefix}J, {digits(best.latency_s * 1e3)} ms.")
    if len(found.front) > 1:
        headings = (*(platform.name for platform in found.platforms[:-1]), f"{prefix}J", "ms", "MB", "")
        table = people_table("Ways that none beats, by the last node of each platform", *headings)
        for way in found.front:
            table.add_row(
                *way.cuts,
                digits(way.energy_J * scale),
                digits(way.latency_s * 1e3),
                f"{found.memory_bytes(way) / 1e6:.2f}",
                "<" if way is best else "",
            )
        console.print(table)


def print_choice(found: Choice) -> None:
    """The models of a catalogue, the one to run, and those that no other beats."""
    console = people_console()
    of_metric = found.models[0].metric
    best, front = found.best, found.front
    scale, prefix = metric(max(model.energy_J for model in found.models))
    headings = ("model", f"{of_metric} %", f"{prefix}J", "ms", "cut", "", "")
    table = people_table(f"Models, {found.source} energies", *headings)
    for model in found.models:
        table.add_row(
            model.name,
            f"{model.accuracy:g}",
            digits(model.energy_J * scale),
            "" if model.latency_s is None else digits(model.latency_s * 1e3),
            model.cut or "",
            "front" if model in front else "",
            "<" if model is best else "" if not found.limits.excess(model) else "beyond a limit",
            style="bold" if model is best else None,
        )
    console.print(table)
    if best is not None:
        console.print(f"Run {best.name}: {digits(best.energy_J * scale)} {prefix}J, {best.accuracy:g} % {of_metric}.")
