"""The balance as rows: what is known of each reading, and what is not."""

import time
from types import SimpleNamespace

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.usage import BalanceReading
from origami_widgets.frames import credits_frame
from origami_widgets.frames.economics.credit_balance import CREDITS, BalanceMoment, frame_of_readings, used_per_interval
from origami_widgets.frames.schema import DTYPE_NAMES
from origami_widgets.frames.source import gather
from tests.fixtures.make_frames import ARROW_DTYPE_NAMES
from tests.frames.payloads import BACKENDS, handle, payload

T0 = 1_784_625_000
"""2026-07-21T09:10:00Z, on the kernel's clock and on the server's."""


def moment(seconds, *, skew=0.0):
    return BalanceMoment(T0 + seconds, T0 + seconds + skew)


def iso(seconds):
    return pd.Timestamp(T0 + seconds, unit="s", tz="UTC").isoformat()


def watched(*points, tables=("a",), created=20, status="completed", started=15):
    """A handle of a run that began at 15 and made its tables at 20; a point is when it was heard and what of each."""
    run = {
        "object": "run",
        "id": "r",
        "status": status,
        "startedAt": iso(started),
        "response": {"tables": [{"id": each, "createdAt": iso(created)} for each in tables]},
    }
    made = handle(run)
    made.history = tuple(
        SimpleNamespace(time=T0 + at, credits_of_tables=None if result is None else tuple(result.items()))
        for at, result in points
    )
    return made


def gained(runs, *seconds, **options):
    found = used_per_interval(gather(runs, "credits_frame"), [moment(each, **options) for each in seconds])
    return [None if pd.isna(each) else each for each in found.tolist()]


TELLING = ((25, {"a": 5}), (35, {"a": 9}), (45, {"a": 12}))


def test_the_newest_check_before_each_reading_counts():
    run = watched(*TELLING)
    assert gained(run, 10, 30, 40, 50, 60) == [None, 5, 4, 3, 0]
    assert gained(run, 10, 50) == [None, 12]
    assert gained(run, 0, 10, 14) == [None, 0, 0]


@pytest.mark.parametrize(("created", "known"), [(10, False), (10.9, False), (11, True), (None, False)])
def test_a_table_had_used_nothing_before_it_was_surely_there(created, known):
    """The server names the second of an answer only."""
    run = watched(*TELLING)
    run.tables[0].raw["createdAt"] = None if created is None else iso(created)
    assert gained(run, 10, 50) == [None, 12 if known else None]


@pytest.mark.parametrize(
    ("asked_at", "created", "known"),
    [
        (10.4, 10.6, True),  # asked for after the balance was read
        (10.2, 10.6, False),  # before: the table may have used credits until then
        (None, 10.6, False),  # only attached
        (10.4, 10.45, False),  # a table that is older than the run
    ],
)
def test_a_table_asked_for_after_the_balance_had_used_nothing(asked_at, created, known):
    """Balance, run and table are of one second of the server."""
    run = watched(*TELLING, created=created, started=10.5)
    for point in run.history:
        point.asked_at = None if asked_at is None else T0 + asked_at
    found = used_per_interval(
        gather(run, "credits_frame"), [BalanceMoment(T0 + 10.3, T0 + 10.0), BalanceMoment(T0 + 50, T0 + 50.0)]
    )
    assert found[1] == 12 if known else pd.isna(found[1])


def test_a_balance_read_just_before_the_start_is_older():
    for _ in range(3):
        client = ow.Sandbox(speed=600).client()
        client.get_credits()
        run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
        frame = ow.credits_frame(run, client=client)
        assert frame["credits_measured"].to_list() == [pd.NA, -frame["change"].iloc[-1]]
        assert frame["credits_other"].iloc[-1] == 0


def test_clocks_that_differ_are_compared_each_with_itself():
    run = watched(*TELLING, created=20 + 7200)
    assert gained(run, 10, 30, 50, skew=7200) == [None, 5, 7]


def test_without_the_servers_time_nothing_is_known_before_a_check():
    found = used_per_interval(
        gather(watched(*TELLING), "x"),
        [BalanceMoment(T0 + 10, None), BalanceMoment(T0 + 30, None), BalanceMoment(T0 + 50, None)],
    )
    assert pd.isna(found[1])
    assert found[2] == 7


def test_of_an_older_table_it_is_known_from_the_first_check_on():
    assert gained(watched(*TELLING, created=-500), 10, 30, 50) == [None, None, 7]


def test_a_table_of_two_runs_counts_once():
    first, then = watched(*TELLING), watched((65, {"a": 20}), (75, {"a": 30, "b": 4}), tables=("a", "b"), created=70)
    then.tables[0].raw["createdAt"] = iso(20)
    assert gained([first, then], 10, 50, 80) == [None, 12, 30 - 12 + 4]
    # Alone, the second does not say what the older table had used at 50.
    assert gained(then, 10, 50, 80, 90) == [None, None, None, 0]


def test_missing_and_falling_credits_of_a_table_are_unknown():
    assert gained(watched((25, {"a": None}), (45, {"a": 12})), 10, 30, 50, 60) == [None, None, None, 0]
    assert gained(watched((25, {"a": 9}), (45, {"a": 5})), 10, 30, 50, 60) == [None, 9, None, 0]


@pytest.mark.parametrize("silent", [{"response": None}, {"response": {"actions": []}}])
def test_a_run_without_news_of_its_tables_may_have_used_anything(silent):
    run = {"object": "run", "id": "s", "status": "running", "startedAt": iso(25), **silent}
    assert gained([watched(*TELLING), run], 10, 19, 40, 50) == [None, 0, None, None]
    assert gained([run | {"startedAt": None}], 10, 20) == [None, None]


def test_a_run_without_tables_has_used_nothing_and_an_answer_has_no_times():
    assert gained(watched(tables=()), 10, 50) == [None, 0]
    assert gained([], 10, 50) == [None, 0]
    assert gained([payload()], 10, 10_000_000) == [None, None]


def readings(*balances):
    return [BalanceReading(T0 + at * 20 + 0.25, balance, T0 + at * 20.0) for at, balance in enumerate(balances)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("balances", [(), (100,), (100, None, 88, 138)])
def test_columns_and_dtypes_are_always_the_same(backend, balances):
    names = DTYPE_NAMES if backend == "numpy_nullable" else DTYPE_NAMES | ARROW_DTYPE_NAMES
    for runs, are_measured in (([], False), (watched(*TELLING), True)):
        frame = frame_of_readings(readings(*balances), gather(runs, "x"), backend, are_measured=are_measured)
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
            field.name: names[field.kind] for field in CREDITS.fields
        }
        assert len(frame) == len(balances)
        assert frame.attrs["units"] == {field.name: "credits" for field in CREDITS.fields[1:]}


def test_a_change_is_known_between_two_balances():
    frame = frame_of_readings(readings(100, 92.5, None, 88, 138), gather([], "x"), "numpy_nullable", are_measured=False)
    assert frame["time"][1] == pd.Timestamp(T0 + 20.25, unit="s", tz="UTC")
    assert frame["balance"].to_list() == [100, 92.5, pd.NA, 88, 138]
    assert frame["change"].to_list() == [pd.NA, -7.5, pd.NA, pd.NA, 50]
    assert frame[["credits_measured", "credits_other"]].isna().all(axis=None)


def test_what_else_was_spent_is_the_rest_and_what_came_in_is_below_zero():
    frame = frame_of_readings(
        readings(100, 98, 90, 80, 130), gather(watched(*TELLING), "x"), "numpy_nullable", are_measured=True
    )
    # Readings at 0, 20, 40, 60 and 80.
    assert frame["credits_measured"].to_list() == [pd.NA, pd.NA, pd.NA, 3, 0]
    frame = frame_of_readings(
        readings(100, 98, 90, 80, 130), gather(watched(*TELLING, created=22), "x"), "numpy_nullable", are_measured=True
    )
    assert frame["credits_measured"].to_list() == [pd.NA, 0, 9, 3, 0]
    assert frame["credits_other"].to_list() == [pd.NA, 2, -1, 7, -50]


def test_the_docstring_lists_every_column():
    lines = [line.strip() for line in credits_frame.__doc__.splitlines()]
    assert [line for line in lines if line.startswith("- `")] == CREDITS.describe().splitlines()


async def test_without_blocking_it_is_the_same():
    client = ow.Sandbox().client()
    frame = await ow.aio.credits_frame([], client=client)
    assert frame.attrs == ow.credits_frame([], client=client).attrs
    assert frame["balance"].to_list() == [5000]


def test_what_cannot_be_read_is_said_before_anything_is_sent():
    client = ow.Sandbox().client()
    for wrong in ({"runs": 7}, {"runs": "agent/run"}, {"dtype_backend": "polars"}):
        with pytest.raises(InvalidInput):
            ow.credits_frame(client=client, **wrong)
    assert client.operations.balance_history.readings == ()


def test_runs_beside_something_else_that_spends():
    ahead = [0.0]
    sandbox = ow.Sandbox(speed=600, clock=lambda: time.time() + ahead[0])
    client = sandbox.client()
    ow.account(client=client)
    ahead[0] += 2
    run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
    client.get_credits()
    ahead[0] += 2
    # Another client of the same account spends, too.
    other = ow.start("List dentists in Faro", client=sandbox.client(), show=False).wait("cells")
    costs = ow.compare_runs([run, other])["credits_measured"].to_list()
    assert ow.credits_frame([run, other], client=client)["change"].sum() == -sum(costs)
