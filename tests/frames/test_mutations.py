"""Any answer, however damaged, gives a frame with the same columns and dtypes."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from tests.frames.payloads import BACKENDS, SCHEMAS, empty_frame, payload

NAMES = ["completed_stats", "running_partial", "running_null", "needs_input", "errored"]
TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.just(10**400) | st.just("2026-07-21T09:14:02Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
REMOVE = object()


def places(value, path=()):
    """Go through the paths of all values in a piece of JSON except the top."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield (*path, step)
        yield from places(inner, (*path, step))


PLACES = {name: [place for place in places(payload(name)) if place != ("object",)] for name in NAMES}


@st.composite
def mutated(draw):
    name = draw(st.sampled_from(NAMES))
    run = payload(name)
    for place in draw(st.lists(st.sampled_from(PLACES[name]), max_size=6)):
        holder = run
        for step in place[:-1]:
            try:
                holder = holder[step]
            except (KeyError, IndexError, TypeError):
                break
        else:
            value = draw(st.just(REMOVE) | JSON)
            if isinstance(holder, dict):
                holder.pop(place[-1], None)
                if value is not REMOVE:
                    holder[place[-1]] = value
            elif isinstance(holder, list) and value is not REMOVE:
                holder.append(value)
    return run


@given(mutated(), st.sampled_from(BACKENDS))
def test_any_answer_gives_the_same_columns_and_dtypes(run, backend):
    before = copy.deepcopy(run)
    for maker in SCHEMAS:
        frame, model = maker(run, dtype_backend=backend), empty_frame(maker, backend)
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
            name: str(dtype) for name, dtype in model.dtypes.items()
        }
        for name, dtype in frame.dtypes.items():
            if dtype == "category":
                documented = model[name].cat.categories
                assert list(dtype.categories[: len(documented)]) == list(documented)
        frame.to_dict("records")
        assert maker(run, dtype_backend=backend).equals(frame)
    assert repr(run) == repr(before)
