"""Mutations of what people write: by its grammar (cells, keys, numbers, words), and by its bytes."""

import random
import re

NUMBERS = (
    *("0", "-1", "-0", "1", "2", "3", "7", "0.5", "3.5", "1e3", "1e-3", "1e400", "-1e400", "nan", "inf", "-inf", "NaN"),
    *(
        "2147483647",
        "2147483648",
        "9223372036854775808",
        "1" + "0" * 30,
        "9" * 5000,
        "1e15",
        "1e-300",
        "5e-324",
        "0x10",
    ),
    *("1_0", "+3", "\uff13", "\u0663", "1,5", "1.5.2", "--1", "1e", ".", "e5", "", " ", "true", "None", "None.5"),
)
"""What may stand where a number did."""

WORDS = (
    *(
        "",
        " ",
        "x",
        "alexnet",
        "conv",
        "fc",
        "Infinity",
        "null",
        "true",
        "[]",
        "{}",
        '""',
        "'",
        '"',
        "=",
        ",",
        ";",
        "#",
    ),
    *(
        "a\x00b",
        "a\x1b[2Jb",
        "\u202eabc",
        "\u2066x\u2069",
        "\u0301",
        "\ud7ff",
        "é" * 400,
        "w" * 3000,
        "../..",
        "/",
        "/dev/null",
    ),
    *(
        "a\tb",
        "a\rb",
        "a\nb",
        "%s%n",
        "{0}",
        "${HOME}",
        "~",
        "-",
        "--",
        "--help",
        "nowhere.csv",
        "C:\\x",
        "卷积",
        "\U0001d499" * 50,
    ),
)
"""What may stand where a word did."""

TOKENS = ("", ",", "\n", "[", "]", "{", "}", "=", '"', "[" * 300, ",,,")
"""What may stand where a bracket or a comma did."""

_NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9.]*")
_TOKENS = re.compile(r"[\[\]{}()=,:\"'\n.]")


def mutated_text(text: str, dice: random.Random) -> bytes:
    """A text with one to three mutations, in UTF-8 or in something else."""
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        text = dice.choice((_number, _number, _number, _word, _word, _line, _token, _key))(text, dice)
    return _encoded(text, dice)


def _at(found: list[re.Match[str]], text: str, new: str, dice: random.Random) -> str:
    if not found:
        return text + new
    match = dice.choice(found)
    return text[: match.start()] + new + text[match.end() :]


def _number(text: str, dice: random.Random) -> str:
    return _at(list(_NUMBER.finditer(text)), text, dice.choice(NUMBERS), dice)


def _word(text: str, dice: random.Random) -> str:
    return _at(list(_WORD.finditer(text)), text, dice.choice((*WORDS, *NUMBERS)), dice)


def _key(text: str, dice: random.Random) -> str:
    """One word in the place of another one of the same text."""
    words = list(_WORD.finditer(text))
    return _at(words, text, dice.choice(words)[0] if words else "x", dice)


def _token(text: str, dice: random.Random) -> str:
    return _at(
        list(_TOKENS.finditer(text)),
        text,
        dice.choice(TOKENS),
        dice,
    )


def _line(text: str, dice: random.Random) -> str:
    lines = text.split("\n")
    at = dice.randrange(len(lines))
    what = dice.randrange(6)
    if what == 0:
        del lines[at]
    elif what == 1:
        lines.insert(at, lines[dice.randrange(len(lines))])
    elif what == 2:
        lines[at] = lines[at][: dice.randrange(len(lines[at]) + 1)]
    elif what == 3:
        lines[at] += dice.choice((",", ",,1", " x", "\\", "\x0b", " = 1", "," * 200))
    elif what == 4:
        lines = lines[:at]
    else:
        lines[at] = lines[at] * dice.choice((2, 40))
    return "\n".join(lines)


def _encoded(text: str, dice: random.Random) -> bytes:
    how = dice.randrange(24)
    if how == 0:
        return text.encode("utf-16", "surrogatepass")
    if how == 1:
        return b"\xef\xbb\xbf" + text.encode("utf-8", "surrogatepass")
    if how == 2:
        return text.encode("latin-1", "replace")
    if how == 3:
        return text.replace("\n", "\r\n").encode("utf-8", "surrogatepass")
    data = text.encode("utf-8", "surrogatepass")
    return mutated_bytes(data, dice) if how == 4 else data


def mutated_bytes(data: bytes, dice: random.Random) -> bytes:
    """Bytes of which some were changed, cut off, taken out or doubled."""
    found = bytearray(data)
    what = dice.randrange(8)
    if what == 0 or not found:
        return bytes(found[: dice.randrange(len(found) + 1)])
    if what == 1:
        at = dice.randrange(len(found))
        return bytes(found[:at] + found[at + dice.randrange(1, 64) :])
    if what == 2:
        at = dice.randrange(len(found))
        return bytes(found[:at] + found[at : at + 64] * 3 + found[at:])
    if what == 3:
        return dice.randbytes(dice.choice((0, 1, 16, 4096)))
    for _ in range(dice.choice((1, 1, 2, 4, 16))):
        found[dice.randrange(len(found))] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
    return bytes(found)


def mutated_arguments(arguments: list[str], dice: random.Random) -> list[str]:
    """A command line with one to three mutations."""
    found = list(arguments)
    for _ in range(dice.choice((1, 1, 2, 3))):
        # not the command's name, most times: another one ends everything at once
        first = 1 if found and dice.random() < 0.9 else 0
        at = dice.randrange(first, len(found) + 1)
        what = dice.randrange(12)
        if what >= 6:
            # after which the command line is likely still valid
            numbers = [place for place, word in enumerate(found) if word[:1].isdigit()]
            if numbers and what >= 8:
                found[dice.choice(numbers)] = dice.choice(("1", "2", "4", "8", "0.5", "7", "20Mbps", "1W", "30ms"))
            else:
                found.append(dice.choice(("-q", "-v", "--trust")))
        elif what == 0 or at == len(found):
            found.insert(at, dice.choice((*WORDS, *NUMBERS, *_OPTIONS)))
        elif what == 1:
            del found[at]
        elif what == 2:
            found.insert(at, dice.choice(found))
        elif what == 3:
            found[at] = mutated_text(found[at], dice).decode("utf-8", "surrogateescape")
        else:
            found[at] = dice.choice((*NUMBERS, *WORDS))
    # the system has no arguments with these in them, and an empty command is none
    return [word.replace("\x00", "") for word in found] or ["--version"]


_OPTIONS = (
    *("--csv", "--json", "--out", "-q", "-v", "--bits", "--batch", "--seed", "--mapping", "--hardware", "--layers"),
    *("--network", "--x", "--by", "--trust", "--rules", "--source", "--bitrate", "--tx-power", "--verify", "--frob"),
)
