"""Options of all commands, and groups that import a command when it is used."""

import logging

import click
import pytest

from analytical.terminal.errors import CHECK_FAILED, fail_if_any, run_command
from analytical.terminal.options import LazyGroup, Percent, complete_files, log_to_standard_error


def test_a_share_is_a_percentage() -> None:
    assert Percent().convert("2%", None, None) == 0.02
    assert Percent().convert("0.5 %", None, None) == 0.005
    for wrong in ("much", "-1%", "nan%", "0.02", "2"):
        with pytest.raises(click.BadParameter, match="expected a share like 2%"):
            Percent().convert(wrong, None, None)


def test_a_group_imports_a_command_when_it_is_used() -> None:
    group = LazyGroup(sources={"run": "analytical.commands.run:run", "gone": "analytical.no_module:run"})
    ctx = click.Context(group)
    assert group.list_commands(ctx) == ["run", "gone"]
    run = group.get_command(ctx, "run")
    assert run is not None
    assert run.name == "run"
    assert group.get_command(ctx, "other") is None


def test_logs_go_to_standard_error_from_a_level_on(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_standard_error(logging.INFO)
    log = logging.getLogger("simulator.anything")
    log.info("said")
    log.debug("not said")
    log_to_standard_error(logging.WARNING)
    log.info("not said either")
    assert capsys.readouterr().err == "said\n"


def test_what_a_check_found_is_said_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert fail_if_any([], "over") == 0
    assert fail_if_any(["one", "two"], "over") == CHECK_FAILED
    assert capsys.readouterr().err == "over: one\nover: two\n"


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (OSError(28, "No space left on device"), 2, "error: No space left on device; expected a file"),
        (OSError(13, "Permission denied", "x.csv"), 2, "error: x.csv: Permission denied; expected a file"),
        (MemoryError("2 GiB"), 2, "error: not enough memory: 2 GiB"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ValueError("a bug"), None, ""),
    ],
)
def test_how_a_command_ends(
    error: BaseException,
    status: int | None,
    said: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setattr("sys.argv", ["failing"])
    with pytest.raises(SystemExit if status is not None else ValueError) as ended:
        run_command(failing, "failing")
    if status is not None:
        assert ended.value.code == status  # type: ignore[union-attr]
        assert capsys.readouterr().err.strip().startswith(said)


def test_a_shell_completes_networks_and_files() -> None:
    complete = complete_files("alexnet", "vgg16")
    ctx, parameter = click.Context(click.Command("any")), click.Argument(["network"])
    assert [item.value for item in complete(ctx, parameter, "al")] == ["alexnet"]
    (item,) = complete(ctx, parameter, "my")
    assert (item.value, item.type) == ("my", "file")
