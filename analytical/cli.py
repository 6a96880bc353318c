"""What the command lines share: options, one-line errors, and files that are written whole or not at all."""

import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from analytical.counts import Number
from analytical.hardware import PRESETS, Hardware, HardwareError
from analytical.layer import LayerError
from analytical.mapping import MappingError
from analytical.networks import ZOO, NetworkError

BAD_INPUT = 2
"""Exit status of a command whose input cannot be used."""

CHECK_FAILED = 1
"""Exit status of a command whose check, asked for, failed."""

STANDARD_OUTPUT = "-"

NARROWEST = 80
"""Columns that tables take at least; a narrower terminal breaks their lines, and nothing is left out."""


class InputError(click.ClickException):
    """Input that cannot be used; the message is one line."""


INPUT_ERRORS = (LayerError, HardwareError, MappingError, NetworkError)

NETWORK_HELP = f"NETWORK is one of {', '.join(ZOO)}, or a layer table (.csv)."

bits_option = click.option(
    "--bits", type=click.Choice(["8", "16"]), help="Width of a word; 16 unless the hardware file says otherwise."
)
hardware_option = click.option(
    "--hardware", "hardware_file", metavar="FILE", help="A hardware file (.toml) in place of Eyeriss."
)
seed_option = click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True, help="Seed of the synthetic data."
)
csv_option = click.option(
    "--csv", "csv_file", metavar="FILE", help="Write rows for programs, in place of tables; - is standard output."
)
json_option = click.option(
    "--json", "json_file", metavar="FILE", help="Write everything, in place of tables; - is standard output."
)


def run_command(command: click.Command, program: str) -> NoReturn:
    """Run a command line; bad input ends it with one line on standard error and status 2."""
    try:
        status = command.main(prog_name=program, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else "", err=True)
        sys.exit(BAD_INPUT)
    except click.ClickException as error:
        _refuse(error.format_message())
    except INPUT_ERRORS as error:
        _refuse(str(error))
    except MemoryError as error:
        _refuse(f"not enough memory: {error}")
    except UnicodeEncodeError as error:
        _refuse(f"{error.object[error.start : error.end]!r} cannot be shown in {error.encoding}; expected UTF-8 output")
    except BrokenPipeError:
        # the reader of our output has left; there is nobody to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        _refuse(f"{error.filename or 'output'}: {error.strerror}; expected a file that can be used")
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


def _refuse(message: str) -> NoReturn:
    click.echo("error: " + " ".join(message.split()), err=True)
    sys.exit(BAD_INPUT)


def choose_hardware(bits: str | None, hardware_file: str | None, default_bits: int = 16) -> Hardware:
    """The preset of that many bits, or what a hardware file describes.

    Raises
    ------
    HardwareError
        The file is not a hardware file, or states other ``bits``.
    """
    if hardware_file is None:
        return PRESETS[int(bits) if bits else default_bits]
    from analytical.hardware_file import load_hardware  # pydantic takes its time, and few runs need it

    return load_hardware(hardware_file, int(bits) if bits else None)


def people_console(*files: str | None) -> Console:
    """Where tables go: standard output, unless one of the files is there."""
    if sum(file == STANDARD_OUTPUT for file in files) > 1:
        raise InputError("only one FILE may be - (standard output)")
    console = Console(stderr=STANDARD_OUTPUT in files, highlight=False, markup=False, emoji=False)
    console.width = max(console.width, NARROWEST)
    return console


def people_table(title: str, *headings: str) -> Table:
    """A table for people, narrow enough for a terminal of 80 columns: a name on the left, numbers on the right."""
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=0, pad_edge=False)
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number else "left", no_wrap=True)
    return table


def metric(quantity: float) -> tuple[float, str]:
    """The factor and prefix with which a quantity in SI units reads well.

    >>> metric(0.015), metric(16e-6), metric(2.5)
    ((1000.0, 'm'), (1000000.0, 'u'), (1.0, ''))
    """
    for scale, prefix in ((1.0, ""), (1e3, "m"), (1e6, "u")):
        if quantity * scale >= 1:
            return scale, prefix
    return 1e9, "n"


def digits(number: float) -> str:
    """A number of at most four digits before the point, in five characters.

    >>> digits(0.0475), digits(9.9999), digits(15.009), digits(305.381)
    ('0.048', '10.00', '15.01', '305.4')
    """
    decimals = 3 if number < 9.9995 else 2 if number < 99.995 else 1 if number < 999.95 else 0
    return f"{number:.{decimals}f}"


def short(number: Number) -> str:
    """A number in three digits and the prefix of its thousands.

    >>> short(0), short(999), short(12345), short(1.91e9)
    ('0', '999', '12.3k', '1.91G')
    """
    number = float(number)
    prefixes = iter("kMGT")
    prefix = ""
    while abs(number) >= 999.5 and prefix != "T":
        number, prefix = number / 1000, next(prefixes)
    digits = f"{number:.3g}" if prefix or number < 100 else f"{number:.0f}"
    return digits + prefix


def check_writable(*files: str | None, inputs: Sequence[str | None]) -> None:
    """Find out before a long run that a file cannot be written after it; ``inputs`` are what the run reads.

    Raises
    ------
    InputError
        A file whose folder does not exist or cannot be written to, that is a folder or named twice, or that
        the run reads.
    """
    seen = {Path(file).resolve() for file in inputs if file is not None}
    for file in files:
        if file is None or file == STANDARD_OUTPUT:
            continue
        path = Path(file)
        if path.is_dir() or file.endswith(os.sep):
            raise InputError(f"{file}: is a folder; expected the name of a file to write")
        if not path.parent.is_dir():
            raise InputError(f"{file}: cannot be written, no folder {path.parent}; expected a file in one that exists")
        if not os.access(path.parent, os.W_OK):
            raise InputError(f"{file}: cannot be written; expected a file in a folder that can")
        if path.resolve() in seen:
            raise InputError(f"{file}: has another part in this run; expected a file of its own for each output")
        seen.add(path.resolve())


def write_chosen(*outputs: tuple[str | None, Callable[[], bytes]]) -> bool:
    """Write the contents whose file was named, all or none (:func:`write_outputs`); whether any was."""
    chosen = {file: content() for file, content in outputs if file is not None}
    write_outputs(chosen)
    return bool(chosen)


def write_outputs(outputs: Mapping[str, bytes]) -> None:
    """Write files, all of them whole or none; ``-`` is standard output.

    Raises
    ------
    InputError
        The system refuses a file.
    """
    with ExitStack() as unfinished:
        try:
            names = {file: _unfinished(Path(file), unfinished) for file in outputs if file != STANDARD_OUTPUT}
            for file, content in outputs.items():
                if file == STANDARD_OUTPUT:
                    if sys.stdout is None:
                        raise InputError("standard output is closed; expected it open, for - to write to")
                    sys.stdout.buffer.write(content)
                    sys.stdout.buffer.flush()
                else:
                    names[file].write_bytes(content)
            for file, name in names.items():
                if name != Path(file):
                    name.chmod(0o666 & ~_umask())
                    name.replace(Path(file).resolve())
        except BrokenPipeError:
            raise
        except OSError as error:
            where = " or ".join(outputs)
            raise InputError(f"{where}: cannot be written ({error.strerror}); expected room for it") from error


def _unfinished(target: Path, cleanup: ExitStack) -> Path:
    """Where to write what will take the name ``target``, and goes if that fails; pipes and devices are themselves."""
    if target.exists() and not target.is_file():
        return target
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=target.resolve().parent)
    os.close(handle)
    cleanup.callback(Path(name).unlink, missing_ok=True)
    return Path(name)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A table of rows with the same keys, floats in full precision."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_json(record: Any) -> bytes:
    """A record as indented JSON."""
    return (json.dumps(record, indent=2, allow_nan=False) + "\n").encode()
