"""The record that model and machine share."""

from hypothesis import given
from hypothesis import strategies as st

from analytical import counts as c
from analytical.counts import Counts

records = st.builds(
    Counts,
    st.integers(0, 99),
    st.integers(0, 99),
    st.dictionaries(st.sampled_from(c.ALL_EVENTS), st.integers(0, 99)),
)


@given(records, records, records)
def test_counts_add_up_in_any_order(a: Counts, b: Counts, d: Counts) -> None:
    assert (a + b) + d == a + (b + d)
    assert a + b == b + a
    assert a + Counts() == a


@given(records, st.integers(0, 9))
def test_times_n_is_n_times_added(a: Counts, n: int) -> None:
    assert a * n == sum([a] * n, Counts())


@given(records, records)
def test_what_is_added_can_be_taken_away(a: Counts, b: Counts) -> None:
    assert (a + b) - b == a
    # with a minus, where there was nothing to take it from
    assert (a - b) + b == a
    assert a - a == Counts()


def test_what_never_happened_does_not_matter() -> None:
    assert Counts(events={c.GLB_PSUM_READ: 0}) == Counts()
    assert Counts()[c.GLB_PSUM_READ] == 0


def test_every_event_is_known_by_a_name_of_its_own() -> None:
    assert len(set(c.ALL_EVENTS)) == len({str(event) for event in c.ALL_EVENTS}) == 19
