"""What pages show: compared part by part, and rewritten part by part."""

from pathlib import Path

import pytest

from tests.shown import assert_shown, rewrite_block, rewrite_made, updated

PRINTED = ["a title", "1", "2", "3", "the end"]


def test_parts_stand_in_order_between_ellipses() -> None:
    assert_shown(["a title", "...", "2", "...", "the end"], PRINTED)
    assert_shown(["...", "the end"], PRINTED)
    for wrong in (["a title", "...", "4", "...", "the end"], ["...", "3"], ["1", "..."], ["a title"]):
        with pytest.raises(AssertionError):
            assert_shown(wrong, PRINTED)


def test_what_is_printed_now_takes_the_place_of_as_many_lines() -> None:
    assert updated(["old", "...", "2", "x", "...", "old end"], PRINTED) == [
        "a title",
        "...",
        "2",
        "3",
        "...",
        "the end",
    ]
    assert updated(["...", "old end"], PRINTED) == ["...", "the end"]
    assert updated(["old", "lines"], PRINTED) == PRINTED
    with pytest.raises(AssertionError, match="rewrite this part by hand"):
        updated(["old", "...", "gone", "...", "old end"], PRINTED)


def test_two_blocks_of_one_command_stay_two(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ say\n...\nold\n```\n\n```console\n$ say\nold\n```\n")
    rewrite_block(page, "say", "old\n", ["new"])
    assert page.read_text() == "```console\n$ say\n...\nold\n```\n\n```console\n$ say\nnew\n```\n"


def test_a_made_table_is_made_anew(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n<!-- made: it -->\nold\n<!-- end -->\n")
    rewrite_made(page, lambda what: f"new {what}\n")
    assert page.read_text() == "text\n<!-- made: it -->\nnew it\n<!-- end -->\n"
