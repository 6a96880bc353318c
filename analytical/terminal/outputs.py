"""Files that a command writes: all of them whole, or none; and the rows and records that go into them."""

import csv
import io
import json
import logging
import os
import stat
import sys
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from analytical.errors import InputError

STANDARD_OUTPUT = "-"

log = logging.getLogger(__name__)


def check_writable(*files: str | None, inputs: Sequence[str | None]) -> None:
    """Find out before a long run that a file cannot be written after it.

    Parameters
    ----------
    *files : str or None
        Names of files to write; ``-`` is standard output, None is not asked for.
    inputs : sequence of str or None
        What the run reads, which must not be written over; words that are no files do no harm.

    Raises
    ------
    InputError
        A file whose folder does not exist or cannot be written to, that is a folder or named twice, or that
        the run reads; standard output for more than one.
    """
    if files.count(STANDARD_OUTPUT) > 1:
        raise InputError("only one FILE may be - (standard output)")
    # resolved, so that two names of one file, through links or folders, are known to be the same
    seen = {_resolved(file) for file in inputs if file is not None}
    for file in files:
        if file is None or file == STANDARD_OUTPUT:
            continue
        path, place = Path(file), _resolved(file)
        if path.is_symlink() and not path.exists() and place == path.absolute():
            raise InputError(f"{file}: is a link that leads to itself; expected the name of a file to write")
        if path.is_dir() or file.endswith(os.sep):
            raise InputError(f"{file}: is a folder; expected the name of a file to write")
        if not path.parent.is_dir():
            raise InputError(f"{file}: cannot be written, no folder {path.parent}; expected a file in one that exists")
        if not os.access(path.parent, os.W_OK):
            raise InputError(f"{file}: cannot be written; expected a file in a folder that can")
        if place in seen:
            raise InputError(f"{file}: has another part in this run; expected a file of its own for each output")
        seen.add(place)


def _resolved(file: str) -> Path:
    """Behind links, where a file is; the name itself where they go round in circles, which who opens it finds out."""
    try:
        return Path(file).resolve()
    except (RuntimeError, OSError, ValueError):
        return Path(file).absolute()


def write_chosen(*outputs: tuple[str | None, Callable[[], bytes]]) -> bool:
    """Write the contents whose file was named, all or none (:func:`write_outputs`), and log each; whether any was.

    Parameters
    ----------
    *outputs : (str or None, callable)
        Names of files, and what makes their contents, called only if there is a name.

    Raises
    ------
    InputError
        The system refuses a file.
    """
    # all contents are made before the first is written: what fails in the making leaves no file behind
    chosen = {file: content() for file, content in outputs if file is not None}
    write_outputs(chosen)
    for file in chosen:
        if file != STANDARD_OUTPUT:
            log.info("wrote %s", file)
    return bool(chosen)


def write_outputs(outputs: Mapping[str, bytes]) -> None:
    """Write files, all of them whole or none; ``-`` is standard output.

    Each is written under a name of its own, and takes its real name when all are there.

    Parameters
    ----------
    outputs : mapping of str to bytes
        Contents by the names of their files.

    Raises
    ------
    InputError
        The system refuses a file.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_outputs({f"{folder}/a.csv": b"x", f"{folder}/b.csv": b"y"})
    ...     sorted(file.name for file in Path(folder).iterdir())
    ['a.csv', 'b.csv']
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
            ready = [(name, Path(file).resolve()) for file, name in names.items() if name != Path(file)]
            for name, target in ready:
                name.chmod(_mode_of(target))
            if len(ready) > 1:
                # who is killed between two names leaves fewer files than there should be, and never new ones beside old
                for _, target in ready:
                    target.unlink(missing_ok=True)
            for name, target in ready:
                # resolved: where the name is a link, the file that it points to is replaced, not the link
                name.replace(target)
        # whoever reads standard output has had enough, which is no fault of a file; the command line ends well
        except BrokenPipeError:
            raise
        except OSError as error:
            where = " or ".join(outputs)
            raise InputError(f"{where}: cannot be written ({error.strerror}); expected room for it") from error


def write_whole(file: str | Path, write: Callable[[Path], None]) -> None:
    """Write a file that is too large to be made in memory, whole or not at all.

    Parameters
    ----------
    file : str or Path
    write : callable
        Writes to the path that it is given, which takes the file's name when it is done.

    Raises
    ------
    InputError
        The system refuses it.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(f"{folder}/a.txt", lambda path: path.write_text("x") and None)
    ...     [path.name for path in Path(folder).iterdir()]
    ['a.txt']
    """
    target = Path(file)
    with ExitStack() as unfinished:
        try:
            path = _unfinished(target, unfinished)
            write(path)
            if path != target:
                path.chmod(_mode_of(target.resolve()))
                path.replace(target.resolve())
        except OSError as error:
            why = error.strerror or str(error)
            raise InputError(f"{file}: cannot be written ({why}); expected room for it") from error


def _unfinished(target: Path, cleanup: ExitStack) -> Path:
    """Where to write what will take the name ``target``, and goes if that fails; pipes and devices are themselves."""
    if target.exists() and not target.is_file():
        return target
    # in the folder of the target, since a rename is only whole within one file system
    folder, stem = target.resolve().parent, f".{target.name[:60]}.{_COMPUTER}."
    _delete_abandoned(folder, stem)
    handle, name = tempfile.mkstemp(prefix=f"{stem}{os.getpid()}.", suffix=".part", dir=folder)
    os.close(handle)
    cleanup.callback(Path(name).unlink, missing_ok=True)
    return Path(name)


_COMPUTER = f"{zlib.crc32(os.uname().nodename.encode()) if hasattr(os, 'uname') else 0:08x}"
"""Of which a process's number is: a folder may be shared."""


def _delete_abandoned(folder: Path, stem: str) -> None:
    """Delete what a process of this computer was writing for the same target when it was killed."""
    with suppress(OSError):
        for name in os.listdir(folder):
            process = name.removeprefix(stem).split(".")[0]
            if name.startswith(stem) and name.endswith(".part") and process.isdecimal() and not _runs(int(process)):
                with suppress(OSError):
                    os.unlink(folder / name)


def _runs(process: int) -> bool:
    """Whether a process is there, be it somebody else's."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _mode_of(target: Path) -> int:
    """Rights of a file: those that it has, or those of a new one."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except OSError:
        return 0o666 & ~_umask()


def _umask() -> int:
    """Rights that new files lack; mkstemp leaves a file to its owner alone. It can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def as_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A table of rows with the same keys, at least one of them, floats in full precision.

    Examples
    --------
    >>> as_csv([{"layer": "C1", "energy_J": 0.1}])
    b'layer,energy_J\\nC1,0.1\\n'
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_json(record: Any) -> bytes:
    """A record as indented JSON.

    Raises
    ------
    InputError
        A number in it is infinite or nan, for which JSON has no words: what came in was beyond what can be.
    """
    try:
        return (json.dumps(record, indent=2, allow_nan=False) + "\n").encode()
    except ValueError as error:
        raise InputError("a figure is infinite or nan; expected input of sizes that can be") from error
