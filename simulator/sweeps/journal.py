"""The journal of a sweep: what has been found out so far, on disk at once, whatever happens to the process.

It is an SQLite database beside the file that the sweep makes, with one writer. A transaction is whole or not at all,
also when the process is killed in the middle of it.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from sys import intern
from typing import Any

from analytical.errors import InputError
from simulator.sweeps.facts import Facts
from simulator.sweeps.jobs import Laid, Ran

_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, said TEXT);
CREATE TABLE IF NOT EXISTS jobs (
    key BLOB PRIMARY KEY, network TEXT, layer TEXT, chip INTEGER, mapping TEXT, batch INTEGER, seed INTEGER,
    run BLOB, reason TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (key BLOB PRIMARY KEY, job BLOB, facts TEXT, reason TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS jobs_by_run ON jobs (run);
"""


class SweepError(InputError):
    """A sweep that cannot be made, or gone on with; the message says why."""


class Journal:
    """What a sweep has found out.

    Parameters
    ----------
    path : Path
        Of the database; made where there is none.
    about : dict of str to str
        Which sweep it is: what is there already has to say the same.

    Raises
    ------
    SweepError
        It is the journal of another grid or program, or no journal.
    """

    def __init__(self, path: Path, about: dict[str, str]) -> None:
        self.path = path
        try:
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.executescript(_TABLES)
            said = dict(self._database.execute("SELECT name, said FROM about"))
        except sqlite3.Error as error:
            raise SweepError(
                f"{path}: cannot be used as a journal ({error}); expected none, or that of a sweep"
            ) from error
        for name, value in about.items():
            if said and said.get(name) != value:
                raise SweepError(
                    f"{path}: is the journal of another {name}; expected that of this sweep, or none (delete it)"
                )
        with self._together():
            self._database.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", about.items())

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _together(self) -> "_Transaction":
        return _Transaction(self._database)

    def add_jobs(self, jobs: Iterable[tuple[bytes, str, str, int, str, int | None, int]]) -> None:
        """Jobs by key, network, layer, chip, mapping, batch and seed; those that are known stay as they are."""
        with self._together():
            self._database.executemany(
                "INSERT OR IGNORE INTO jobs (key, network, layer, chip, mapping, batch, seed)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                jobs,
            )

    def unlaid(self) -> Iterator[tuple[Any, ...]]:
        """Jobs that nobody has mapped yet: key, network, layer, chip, mapping, batch and seed."""
        query = (
            "SELECT key, network, layer, chip, mapping, batch, seed FROM jobs"
            " WHERE run IS NULL AND reason IS NULL AND key > ? ORDER BY key LIMIT 1000"
        )
        # page by page: rows change while they are gone through, and there may be millions
        last = b""
        while rows := self._database.execute(query, (last,)).fetchall():
            yield from rows
            last = rows[-1][0]

    def laid(self, found: Iterable[Laid]) -> None:
        """Keep how layers lie, and which runs that asks for."""
        found = list(found)
        with self._together():
            self._database.executemany(
                "UPDATE jobs SET run = ?, reason = ? WHERE key = ?",
                [(each.run, None if each.run else each.reason, each.job) for each in found],
            )
            # of jobs that share a run, the first by key makes it, whatever the order in which they were mapped
            self._database.executemany(
                "INSERT INTO runs (key, job) VALUES (?, ?)"
                " ON CONFLICT (key) DO UPDATE SET job = min(job, excluded.job) WHERE facts IS NULL AND reason IS NULL",
                [(each.run, each.job) for each in found if each.run],
            )

    def unrun(self) -> list[tuple[bytes, str, str, int, int | None]]:
        """Runs that have not been made: their key, and network, layer, seed and batch; those of one layer behind each
        other."""
        # there may be millions: each name is in memory once
        return [
            (key, intern(network), intern(layer), seed, batch)
            for key, network, layer, seed, batch in self._database.execute(
                "SELECT runs.key, network, layer, seed, batch FROM runs JOIN jobs ON jobs.key = runs.job"
                " WHERE facts IS NULL AND runs.reason IS NULL ORDER BY network, layer, seed, batch, chip, mapping"
            )
        ]

    def job_of(self, run: bytes) -> tuple[Any, ...]:
        """A job that asks for a run: key, network, layer, chip, mapping, batch and seed."""
        row: tuple[Any, ...] = self._database.execute(
            "SELECT jobs.key, network, layer, chip, mapping, batch, seed FROM runs JOIN jobs ON jobs.key = runs.job"
            " WHERE runs.key = ?",
            (run,),
        ).fetchone()
        return row

    def ran(self, found: Iterable[Ran]) -> None:
        """Keep what runs said."""
        with self._together():
            self._database.executemany(
                "UPDATE runs SET facts = ?, reason = ? WHERE key = ?",
                [
                    (
                        None if each.facts is None else json.dumps(each.facts, sort_keys=True),
                        each.reason or None,
                        each.run,
                    )
                    for each in found
                ],
            )

    def answer(self, job: bytes) -> Facts | str:
        """What is known of a job: what its run said, or why there is none.

        Raises
        ------
        KeyError
            Nothing yet.
        """
        row = self._database.execute(
            "SELECT jobs.reason, runs.facts, runs.reason FROM jobs LEFT JOIN runs ON runs.key = jobs.run"
            " WHERE jobs.key = ?",
            (job,),
        ).fetchone()
        if row is None or not any(row):
            raise KeyError(job)
        unmapped, facts, failed = row
        return Facts(**json.loads(facts)) if facts else str(unmapped or failed)

    def counts(self) -> dict[str, int]:
        """How many jobs and runs there are, and how many of these are done."""
        count = self._database.execute(
            "SELECT (SELECT count(*) FROM jobs), (SELECT count(*) FROM runs),"
            " (SELECT count(*) FROM runs WHERE facts IS NOT NULL OR reason IS NOT NULL)"
        ).fetchone()
        return dict(zip(("jobs", "runs", "done"), count, strict=True))


class _Transaction:
    """What happens inside is kept whole, or not at all."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._database.execute("COMMIT" if kind is None else "ROLLBACK")
