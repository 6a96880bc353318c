"""The line that says what is wrong: one line, short, and nothing that a terminal obeys."""

from hypothesis import given
from hypothesis import strategies as st

from analytical.terminal.errors import LONGEST, one_line


@given(st.text(max_size=900), st.text(max_size=900))
def test_a_line_is_one_and_printable_and_short(where: str, expected: str) -> None:
    line = one_line(f"{where}: no such; expected {expected}")
    assert line.isprintable()
    assert len(line) <= LONGEST


def test_a_name_that_is_long_leaves_room_for_what_is_wrong() -> None:
    line = one_line(f"{'x' * 3000}: File name too long; expected a file in one that exists")
    assert line.endswith("File name too long; expected a file in one that exists")


def test_of_a_long_message_the_beginning_and_what_was_expected_stay() -> None:
    line = one_line("table.csv, row 7: " + "a b " * 300 + "; expected a number from 0 to 1")
    assert line.startswith("table.csv, row 7: a b")
    assert line.endswith("...; expected a number from 0 to 1")


def test_what_moves_the_cursor_or_turns_text_round_is_shown() -> None:
    assert one_line("a\x1b[2J\u202eb\x07") == "a\\x1b[2J\\u202eb\\x07"
    assert one_line("Zürich µJ 卷积") == "Zürich µJ 卷积"
