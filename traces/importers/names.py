"""Names of layers: short ones, made of the long ones that exporters give, and distinct ones where lists repeat them."""

import re
from collections.abc import Container, Sequence

LONGEST = 16
"""Characters of a name at most."""


def short_names(paths: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """The shortest end of each path that no other path has, at most :data:`LONGEST` characters of it.

    Parameters
    ----------
    paths : sequence of str
        Parts with slashes or dots between them; any may be empty or stand twice.
    taken : sequence of str
        Names that none may get.

    Examples
    --------
    >>> short_names(["/features/0/Conv", "/features/3/Conv", "/head/Gemm", "", "/head/Gemm"], taken=["In"])
    ['0.Conv', '3.Conv', 'Gemm', 'layer', 'Gemm_2']
    """
    # what tables, lists and shells part by is left out; the parts of a path stand with dots between them
    split = [[part for part in re.split(r"[/.]", re.sub(r"[;,:\s\"']+", "_", path)) if part] for path in paths]
    names: list[str] = []
    used = set(taken)
    for number, parts in enumerate(split):
        others = [other for at, other in enumerate(split) if at != number and other != parts]
        depth = next((d for d in range(1, len(parts)) if all(other[-d:] != parts[-d:] for other in others)), len(parts))
        name = distinct_name(_end_of(".".join(parts[-depth:])) or "layer", used)
        used.add(name)
        names.append(name)
    return names


def distinct_name(name: str, taken: Container[str]) -> str:
    """The name, at most :data:`LONGEST` characters of it, with a number at its end if it is taken.

    Examples
    --------
    >>> distinct_name("conv", {"conv", "conv_2"})
    'conv_3'
    """
    name = name[:LONGEST]
    own, again = name, 2
    while own in taken:
        own = f"{name[: LONGEST - len(str(again)) - 1]}_{again}"
        again += 1
    return own


def without_operator(path: str, operator: str) -> str:
    """A path without a last part that is but the operator's name.

    Examples
    --------
    >>> without_operator("/model.4/cv1/conv/Conv", "Conv"), without_operator("Conv", "Conv")
    ('/model.4/cv1/conv', 'Conv')
    """
    before, slash, last = path.rpartition("/")
    return before if slash and before.strip("/") and re.fullmatch(rf"{operator}(_\d+)?", last) else path


def _end_of(path: str) -> str:
    """What of a path is kept: its last characters, from the beginning of a word on if that is not far."""
    end = path[-LONGEST:]
    if len(path) > LONGEST and not re.search(r"[._-]", end):
        # a single long word: how it begins, and its number
        number = re.search(r"\d*$", path)
        digits = number[0] if number else ""
        start = re.split(r"[._-]", path)[-1]
        return start[: LONGEST - len(digits)] + digits if len(start) > LONGEST else start
    if len(path) > LONGEST and path[-LONGEST - 1] not in "._-":
        words = re.search(r"[._-]", end[: LONGEST // 2])
        end = end[words.end() :] if words else end
    return end.strip("._-")


def distinct(names: Sequence[str]) -> list[str]:
    """The names, of which those that stand again get ``_2``, ``_3`` and so on.

    Parameters
    ----------
    names : sequence of str
        In the order of the list.

    Returns
    -------
    list of str
        In the same order. A name that is new is taken as it is, even where an earlier one could have become it.

    Examples
    --------
    >>> distinct(["conv", "fc", "conv", "conv"])
    ['conv', 'fc', 'conv_2', 'conv_3']
    >>> distinct(["conv", "conv", "conv_2"])
    ['conv', 'conv_3', 'conv_2']
    """
    # the names as they are written come first: nobody looks for a layer under a name that another one has in the file
    taken = set(names)
    met: set[str] = set()
    made = []
    for name in names:
        own, number = name, 2
        if name in met:
            while (own := f"{name}_{number}") in taken:
                number += 1
        met.add(name)
        taken.add(own)
        made.append(own)
    return made
