"""Seals of records: the same however they are kept, and none other fits."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytical.files.seal import (
    SEALED,
    ChangedError,
    needs_seal,
    require_same,
    require_seal,
    seal_of,
    sealed,
    trusted,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)
records = st.dictionaries(st.text(), values, max_size=5)


@given(records)
def test_a_seal_survives_json(record: dict[str, Any]) -> None:
    again = json.loads(json.dumps(sealed(record), indent=2))
    require_seal(again)
    assert seal_of(again) == seal_of(record)


@given(records, records)
def test_another_record_has_another_seal(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (seal_of(one) == seal_of(other)) == same or "digest" in one or "digest" in other


def test_numpy_s_numbers_have_the_seal_of_python_s() -> None:
    assert seal_of({"a": np.int64(3), "b": np.float64(0.1), "c": (1, 2), 9: 1, 10: 2}) == seal_of(
        {"a": 3, "b": 0.1, "c": [1, 2], "10": 2, "9": 1}
    )


def test_a_record_without_its_seal_is_refused_where_it_needs_one() -> None:
    require_seal({"a": 1}, needed=False)
    with pytest.raises(ChangedError, match="was changed"):
        require_seal({"a": 1})
    with trusted(), trusted(False):
        require_seal({"a": 1})
        require_same("one", "other")
    with pytest.raises(ChangedError, match="was changed"):
        require_same("one", "other")


@pytest.mark.parametrize(
    ("schema", "said"), [(SEALED + 1, "was written by a newer version"), ("3", "has schema '3'"), (True, "has schema")]
)
def test_newer_schemas_are_refused_with_a_sentence(schema: object, said: str) -> None:
    with pytest.raises(ChangedError, match=said):
        needs_seal(schema)


def test_older_schemas_have_no_seal() -> None:
    assert [needs_seal(schema) for schema in (None, 1, SEALED - 1, SEALED)] == [False, False, False, True]
