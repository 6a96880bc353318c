"""What pages and examples show of the program's output: compared with what it prints, or rewritten from it.

A page shows a command and its output in a ``console`` block, where a line ``...`` stands for any lines; and tables that
the program makes (columns, public names) between two HTML comments. ``pytest --update-shown`` rewrites them.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

BLOCK = re.compile(r"```console\n\$ (.*?)\n(.*?)```", re.DOTALL)
MADE = re.compile(r"(<!-- made: (.*?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def lines_of(text: str) -> list[str]:
    """Lines without the blanks at their ends."""
    return [line.rstrip() for line in text.rstrip().splitlines()]


def parts_between_ellipses(lines: list[str]) -> Iterator[list[str]]:
    """What is shown, part by part."""
    part: list[str] = []
    for line in [*lines, "..."]:
        if line == "...":
            yield part
            part = []
        else:
            part.append(line)


def assert_shown(shown: list[str], printed: list[str]) -> None:
    """Each part stands in what was printed, one after the other; the first at its start, the last at its end."""
    parts = list(parts_between_ellipses(shown))
    if len(parts) == 1:
        assert shown == printed
    assert printed[: len(parts[0])] == parts[0]
    assert printed[len(printed) - len(parts[-1]) :] == parts[-1]
    at = 0
    for part in parts:
        found = next((i for i in range(at, len(printed) + 1) if printed[i : i + len(part)] == part), None)
        assert found is not None, part
        at = found + len(part)


def updated(shown: list[str], printed: list[str]) -> list[str]:
    """The same parts of what is printed now: as many lines, the middle ones from where their first line stands."""
    parts = list(parts_between_ellipses(shown))
    if len(parts) == 1:
        return printed
    first, *middle, last = parts
    made = [printed[: len(first)]]
    for part in middle:
        starts = [i for i, line in enumerate(printed) if part and line == part[0]]
        assert starts, f"nothing printed begins with {part[:1]}; rewrite this part by hand"
        made.append(printed[starts[0] : starts[0] + len(part)])
    made.append(printed[len(printed) - len(last) :])
    lines = made[0]
    for part in made[1:]:
        lines = [*lines, "...", *part]
    return lines


def rewrite_block(page: Path, command: str, output: str, lines: list[str]) -> None:
    """Put these lines into the block of a page that shows the command with this output."""
    before = f"```console\n$ {command}\n{output}```"
    after = f"```console\n$ {command}\n" + "\n".join(lines) + "\n```"
    page.write_text(page.read_text().replace(before, after))


def rewrite_made(page: Path, make: Callable[[str], str]) -> None:
    """Make all tables of a page anew."""
    page.write_text(MADE.sub(lambda m: m[1] + make(m[2]) + m[4], page.read_text()))
