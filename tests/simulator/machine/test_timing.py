"""The dataflow of times beside the kernel that steps: every time and every count of every pass."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings

from analytical.files import choose_hardware
from analytical.hardware import EYERISS_16BIT, Hardware
from analytical.networks import load_network
from simulator.machine import kernels, timing
from simulator.machine.geometry import PassShape
from simulator.machine.pe_array import PassTiming, PEArray
from simulator.machine.schedule import schedule
from simulator.runner import plan
from simulator.settings import Settings
from tests.passes import passes, stepped

ONE_PE = PassShape(
    set_channels=(1,), stack_filters=(1,), R=1, S=1, U=1, images=1, strip_rows=1, width=4, pe_columns=1, windows=4,
    loads_filters=True, reads_psums=False,
)  # fmt: skip


def assert_timed_as_stepped(shape: PassShape, hardware: Hardware) -> None:
    timed, run = PEArray(hardware).time(shape), stepped(shape, hardware)
    for field in fields(PassTiming):
        ours, theirs = getattr(timed, field.name), getattr(run, field.name)
        assert np.array_equal(ours, theirs), f"{field.name}: timed {ours}, stepped {theirs}"


@settings(max_examples=2000)
@given(passes())
def test_a_timed_pass_is_a_stepped_one(case: tuple[PassShape, Hardware]) -> None:
    assert_timed_as_stepped(*case)


@pytest.mark.parametrize("mapping", ["cnnergy", "eyeriss"])
@pytest.mark.parametrize("bits", [16, 8])
def test_so_is_every_pass_of_alexnet(bits: int, mapping: str) -> None:
    hardware = choose_hardware(None, bits=bits)
    planned = plan(Settings(network=load_network("alexnet"), hardware=hardware, mapping=mapping))
    for shape in {p.shape for layer in planned for p in schedule(layer.tiling)}:
        assert_timed_as_stepped(shape, hardware)


def test_more_psums_than_the_gon_takes() -> None:
    """Four stacks of few channels: the top PEs wait for the GON, which has one of 56 to choose in each cycle."""
    shape = PassShape(
        set_channels=(3,), stack_filters=(16, 16, 16, 16), R=3, S=3, U=1, images=1, strip_rows=16, width=26,
        pe_columns=14, windows=24, loads_filters=True, reads_psums=True, one_psum_bank=True,
    )  # fmt: skip
    assert_timed_as_stepped(shape, EYERISS_16BIT)


def test_times_may_be_longer_than_32_bits() -> None:
    """The last psum of one PE leaves its pipeline as many cycles later as that has stages."""
    few, many = (PEArray(replace(EYERISS_16BIT, pe_stages=stages)).time(ONE_PE) for stages in (3, 3 + 2**20))
    assert many.cycles == few.cycles + 2**20
    ports = PEArray(EYERISS_16BIT).ports._replace(stages=2**40)
    assert int(outcome_of(ports).events[kernels.CYCLES]) == 2**40 + 5


def test_an_array_that_cannot_go_on_is_stuck_in_both() -> None:
    """No hardware has FIFOs without places; a kernel that is given some has to come back all the same."""
    ports = PEArray(EYERISS_16BIT).ports._replace(psum_fifo=0)
    assert outcome_of(ports).events[kernels.STUCK] == 1
    ran = empty_outcome()
    ones, psums = np.ones((1, 1, 1, 4), np.int32), np.zeros((1, 1, 1, 4), np.int64)
    kernels.step_pass(ones, ones[:, :, :, :1].copy(), psums, GEOMETRY, ports, ran)
    assert ran.events[kernels.STUCK] == 1


GEOMETRY = kernels.Geometry(np.array([1]), np.array([1]), 1, 1, 1, 4, True, False, False)
"""That of ``ONE_PE``."""


def empty_outcome() -> kernels.Outcome:
    sizes = (2, 8), kernels.STUCK + 1, (1, 4), 4, 4
    return kernels.Outcome(*(np.zeros(size, np.int64) for size in sizes))


def outcome_of(ports: kernels.Ports) -> kernels.Outcome:
    outcome = empty_outcome()
    timing.time_pass((1, 1, 4, 1, 1, 1), GEOMETRY, ports, outcome)
    return outcome


def test_the_kernel_without_its_jit_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = replace(ONE_PE, set_channels=(2, 1), stack_filters=(2, 1), R=2, S=3, strip_rows=3, width=8, images=2,
                    pe_columns=2, windows=6, reads_psums=True, one_psum_bank=True)  # fmt: skip
    compiled = PEArray(EYERISS_16BIT).time(shape)
    for name in [name for name, made in vars(timing).items() if hasattr(made, "py_func")]:
        monkeypatch.setattr(timing, name, getattr(timing, name).py_func)
    plain = PEArray(EYERISS_16BIT).time(shape)
    for field in fields(PassTiming):
        assert np.array_equal(getattr(plain, field.name), getattr(compiled, field.name)), field.name
