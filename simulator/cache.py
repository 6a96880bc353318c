"""What runs found, kept for the next time: files in one folder, each under a name made of all that it depends on.

A file is whole or not there. Where the folder cannot be written, the next time costs time, and no answer. When all
files together are larger than a limit, those that nobody has asked for longest go; unfinished ones, whose writer was
killed, go after an hour.
"""

import contextlib
import logging
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

LIMIT_BYTES = 2**30
"""What all files may take together, unless ``NEUPART_CACHE_MIB`` says how many MiB."""

ABANDONED_S = 3600
"""Age at which what is unfinished was given up: whoever wrote it was killed."""

_EVERY = 64
"""Files that are kept between two looks at the limit."""


def default_folder() -> Path:
    """Where runs are kept by default: ``eyeriss-neupart`` in ``$XDG_CACHE_HOME``, in ``~/.cache``, or where there is no
    home, in the folder for temporary files.
    """
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        folder = Path(tempfile.gettempdir())  # who has no home
    return folder / "eyeriss-neupart"


def limit_bytes() -> int:
    """What all files may take together."""
    said = os.environ.get("NEUPART_CACHE_MIB", "")
    return int(said) * 2**20 if said.isascii() and said.isdigit() else LIMIT_BYTES


@dataclass(frozen=True, slots=True)
class Info:
    """What a cache holds.

    Attributes
    ----------
    folder : Path
    files : int
    bytes : int
    limit : int
        What the files may take together.
    """

    folder: Path
    files: int
    bytes: int
    limit: int


class Cache:
    """Contents by key, in a folder.

    Parameters
    ----------
    folder : Path
        Made when it is needed.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = Cache(Path(folder, "cache"))
    ...     cache.keep("a.json", b"1")
    ...     cache.info().files, cache.path("a.json").read_bytes(), cache.clear(), cache.info().files
    (1, b'1', 1, 0)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kept = 0

    def path(self, name: str) -> Path:
        """Where a content is, if it is there."""
        return self.folder / name

    def asked(self, name: str) -> None:
        """Somebody needed it: it goes later than others."""
        with contextlib.suppress(OSError):
            os.utime(self.path(name))

    def keep(self, name: str, content: bytes, *, sync: bool = True) -> None:
        """Keep a content for the next time; where that cannot be, the next time makes it again.

        Parameters
        ----------
        name : str
        content : bytes
        sync : bool
            Wait until it is on disk: a crash of the computer may else leave a file of other words, which is no harm
            where whoever reads it looks whether it can be.
        """
        path = self.path(name)
        # a name of this process's own, so that two that make the same do not write into one file
        unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(content)
                file.flush()
                if sync:
                    os.fsync(file.fileno())  # a name must never point to words that a crash can still take back
            unfinished.replace(path)
        except OSError as error:
            log.warning("%s: the run cannot be kept (%s), and is made again the next time", self.folder, error.strerror)
            with contextlib.suppress(OSError):
                unfinished.unlink()
            return
        self._kept += 1
        if self._kept % _EVERY == 1:
            self.shrink()

    def info(self) -> Info:
        """What is there."""
        found = self._files()
        return Info(self.folder, len(found), sum(size for _, size, _ in found), limit_bytes())

    def clear(self) -> int:
        """Delete all of it; how many files that were."""
        found = self._files()
        for _, _, path in found:
            with contextlib.suppress(OSError):
                path.unlink()
        return len(found)

    def shrink(self, limit: int | None = None) -> None:
        """Delete what was given up unfinished, and what nobody has asked for longest, until the rest is within the
        limit.
        """
        most = limit_bytes() if limit is None else limit
        given_up = time.time() - ABANDONED_S
        for asked, _, path in self._files():
            if path.suffix == ".part" and asked < given_up:
                with contextlib.suppress(OSError):
                    path.unlink()
        found = sorted(self._files())
        total = sum(size for _, size, _ in found)
        for _, size, path in found:
            if total <= most:
                return
            with contextlib.suppress(OSError):
                path.unlink()
                total -= size

    def _files(self) -> list[tuple[float, int, Path]]:
        """When each was last asked for, its size, and itself; other programs' files are left alone."""
        found = []
        with contextlib.suppress(OSError):
            for entry in os.scandir(self.folder):
                if entry.name.endswith((".h5", ".json", ".part")) and entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(OSError):
                        about = entry.stat()
                        found.append((about.st_mtime, about.st_size, Path(entry.path)))
        return found
