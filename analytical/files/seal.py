"""Seals: what tells whether a file of results still says what the program wrote.

A seal is a digest over all that a record says. It keeps accidents out, and edits that nobody meant to be taken for the
program's: who changes a record on purpose says so (``--trust``). It is no signature, since anybody can make one.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

SEAL = "digest"
"""The field with the seal."""

SEALED = 3
"""The schema of a run (:mod:`simulator.provenance`) from which on it has a seal."""

_trusts = ContextVar("trusts", default=False)


class ChangedError(ValueError):
    """A record that says other than what was written, or that a newer version wrote."""


@contextmanager
def trusted(whether: bool = True) -> Iterator[None]:
    """Meanwhile, records that were changed are taken as they are.

    Examples
    --------
    >>> record = sealed({"energy_J": 1.0}) | {"energy_J": 2.0}
    >>> with trusted():
    ...     require_seal(record)
    """
    before = _trusts.set(whether or _trusts.get())
    try:
        yield
    finally:
        _trusts.reset(before)


def seal_of(record: Mapping[str, Any]) -> str:
    """The seal of what a record says, but for a seal: the same for JSON, HDF5 and Python.

    Examples
    --------
    >>> seal_of({"a": 1, "b": (2.5, None)}) == seal_of({"b": [2.5, None], "a": 1, "digest": "old"})
    True
    """
    said = {name: value for name, value in record.items() if name != SEAL}
    # as it is read back: keys are text then, and sorted as such
    read = json.loads(json.dumps(said, default=_plain))
    text = json.dumps(read, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    # NumPy's numbers, and arrays that an attribute may be
    return value.tolist() if hasattr(value, "tolist") else str(value)


def sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with its seal."""
    return dict(record) | {SEAL: seal_of(record)}


def require_seal(record: Mapping[str, Any], *, needed: bool = True) -> None:
    """Refuse a record that was changed after it was sealed.

    Parameters
    ----------
    record : mapping
    needed : bool
        Whether it must have a seal; those of older versions have none.

    Raises
    ------
    ChangedError
        It says other than what was sealed, and nobody said to trust it (:func:`trusted`).

    Examples
    --------
    >>> require_seal(sealed({"energy_J": 1.0}))
    >>> require_seal(sealed({"energy_J": 1.0}) | {"energy_J": 2.0})
    Traceback (most recent call last):
    ...
    analytical.files.seal.ChangedError: was changed since the program wrote it; expected the file as it was (or --trust)
    """
    if needed or SEAL in record:
        require_same(record.get(SEAL), seal_of(record))


def unsealed(record: Mapping[str, Any], *, needed: bool = True) -> dict[str, Any]:
    """What a record says, without its seal, which has to fit (:func:`require_seal`).

    Examples
    --------
    >>> unsealed(sealed({"energy_J": 1.0}))
    {'energy_J': 1.0}
    """
    require_seal(record, needed=needed)
    return {name: value for name, value in record.items() if name != SEAL}


def require_same(seal: object, found: str) -> None:
    """Refuse what has another seal than it should, unless all is trusted.

    Raises
    ------
    ChangedError
    """
    if seal != found and not _trusts.get():
        raise ChangedError("was changed since the program wrote it; expected the file as it was (or --trust)")


def needs_seal(schema: object, known: int = SEALED) -> bool:
    """Whether a record of that schema has a seal: those that seals came with, and later ones; refuse newer ones.

    Parameters
    ----------
    schema : object
        What the record says of itself; None in the oldest.
    known : int
        The newest that this program knows, which has a seal.

    Raises
    ------
    ChangedError
        A newer version wrote it, or it is no schema.
    """
    if schema is None:
        return False
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise ChangedError(f"has schema {schema!r}; expected a number up to {known}")
    if schema > known:
        raise ChangedError(f"was written by a newer version, with schema {schema}; expected {known} or less")
    return schema >= known
