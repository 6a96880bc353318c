"""Files are written whole or not at all."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from analytical.errors import InputError
from analytical.terminal.outputs import write_outputs
from tests.analytical.commands.calls import analytical


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE, text=True) as reader:
        assert analytical("run", "alexnet", "--csv", str(pipe)).returncode == 0
        assert reader.communicate()[0] == analytical("run", "alexnet", "--csv", "-").stdout
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    first, full = tmp_path / "first.csv", Path("/dev/full")
    first.write_text("old")
    with pytest.raises(InputError, match=r"/dev/full: cannot be written \(No space left on device\)"):
        write_outputs({str(first): b"new", str(full): b"new"})
    assert first.read_text() == "old"
    assert list(tmp_path.iterdir()) == [first]
