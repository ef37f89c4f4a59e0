"""`new_leads`: periods, the ledger and its state, at a server that counts, with a clock that the test moves."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import threading
from datetime import timedelta

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput, NotFound, PaymentRequired
from origami_widgets.ledger import FIND_MORE, AnswerNeeded, LedgerUnusable
from tests.support.counting_server import PROXY_PAGE
from tests.support.front import BROKE
from tests.support.interrupts import interrupt
from tests.support.quick import SkippingClock, see, without_environment, without_pauses
from tests.support.server import answer
from tests.support.start_files import StartFiles
from tests.support.weekly_server import BRIEF, WEEK, WeeklyServer

DAY = WEEK / 7


class Weeks:
    """One search, again and again: the server, its clock, and the ledger."""

    def __init__(self, server: WeeklyServer, clock: SkippingClock, folder) -> None:
        self.server, self._clock, self.ledger = server, clock, folder / "bakeries.csv"
        self.state_path = folder / "bakeries.state.json"
        self.client = ow.Client(server.key, base_url=server.base_url, timeout=5)

    def search(self, brief: str = BRIEF, **options) -> pd.DataFrame:
        return ow.new_leads(brief, **{"ledger": self.ledger, "client": self.client, "show": False, **options})

    def later(self, seconds: float = WEEK) -> None:
        self._clock.skip(seconds)

    @property
    def turns(self) -> int:
        return len(self.server.runs)

    @property
    def state(self) -> dict:
        return json.loads(self.state_path.read_text())

    def rows(self) -> pd.DataFrame:
        return pd.read_csv(self.ledger, dtype=str)


@pytest.fixture
def weeks(request, monkeypatch, tmp_path, clock):
    without_environment(monkeypatch)
    without_pauses(monkeypatch)
    StartFiles(monkeypatch, tmp_path / "home")
    options = {"agent_seconds": 30.0, "per_minute": None, "per_minute_of_ip": None, **getattr(request, "param", {})}
    with WeeklyServer(clock=clock.time, **options) as server:
        yield Weeks(server, clock, tmp_path)


def domains(frame: pd.DataFrame) -> set[str]:
    return set(frame["domain"])


def about(frame: pd.DataFrame) -> dict:
    return frame.attrs["origami"]


def test_each_week_brings_only_what_is_new(weeks):
    first = weeks.search()
    again = weeks.search()
    pd.testing.assert_frame_equal(first, again)
    assert (about(first)["period"], len(first), weeks.turns) == (1, 10, 1)
    weeks.later()
    second = weeks.search()
    assert (about(second)["period"], about(second)["known"], len(second)) == (2, 12, 8)
    assert domains(first) | domains(second) == weeks.server.domains(2)
    assert domains(first).isdisjoint(domains(second))
    assert len({run.agent for run in weeks.server.runs}) == 1
    assert weeks.server.runs[1].prompt == FIND_MORE + BRIEF
    rows = weeks.rows()
    assert rows["period"].to_list() == ["1"] * 10 + ["2"] * 8
    assert set(rows["domain"]) == weeks.server.domains(2)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("every", "passed", "period"),
    [
        ("week", WEEK - DAY, 1),
        ("week", WEEK - DAY / 2 + 60, 2),
        ("day", DAY / 2 + 60, 2),
        ("day", DAY / 3, 1),
        ("2 weeks", 2 * WEEK - DAY, 1),
        ("10 days", 10 * DAY, 2),
        # Three missed weeks are one.
        ("week", 3 * WEEK, 2),
    ],
)
def test_a_period_begins_when_its_time_has_passed_less_twelve_hours(weeks, every, passed, period):
    weeks.search(every=every)
    weeks.later(passed)
    found = weeks.search(every=every)
    assert (about(found)["period"], weeks.turns) == (period, period)
    assert about(weeks.search(every=every))["period"] == period


def test_a_clock_that_was_moved_back_begins_no_period(weeks):
    first = weeks.search()
    weeks.later(-3 * WEEK)
    assert weeks.search()["row_id"].equals(first["row_id"])
    assert weeks.turns == 1


@pytest.mark.parametrize("every", ["", "month", "0 days", "1.5 weeks", 7, timedelta(days=7), None])
def test_what_is_no_period_is_refused(weeks, every):
    with pytest.raises(InvalidInput, match="every="):
        weeks.search(every=every)
    assert weeks.server.requests == []


def test_other_arguments_are_checked_before_anything_is_sent(weeks, tmp_path):
    for wrong in (
        {"ledger": "bakeries.xlsx"},
        {"ledger": tmp_path / "missing" / "bakeries.csv"},
        {"ledger": tmp_path},
        {"ledger": "~nobody-of-that-name/bakeries.csv"},
        {"ledger": "bakeries\0.csv"},
        {"brief": ""},
        {"brief": "x" * 9_990},
        {"credit_limit": -1},
        {"show": "yes"},
        {"leave_out": ["nobody"]},
    ):
        with pytest.raises(InvalidInput):
            weeks.search(**wrong)
    assert weeks.server.requests == []
    assert list(tmp_path.glob("bakeries*")) == []


def test_what_a_list_leaves_out_is_neither_returned_nor_in_the_ledger(weeks):
    first = weeks.search(leave_out=["c1.example", "c2.example"])
    assert len(first) == 8
    assert about(first)["left_out_of_new"] == 2
    assert "c1.example" not in weeks.ledger.read_text()
    assert not any(b"c1.example" in request.body for request in weeks.server.requests)
    weeks.later()
    second = weeks.search()
    assert domains(second) >= {"c1.example", "c2.example"}, "once nobody leaves them out, they are new"


def test_the_ledger_itself_leaves_out_nothing_of_its_own_period(weeks):
    first = weeks.search(leave_out=weeks.ledger)
    again = weeks.search(leave_out=[str(weeks.ledger), "c1.example"])
    assert domains(first) == weeks.server.domains(1)
    assert domains(again) == domains(first) - {"c1.example"}
    weeks.later()
    assert domains(weeks.search(leave_out=weeks.ledger)).isdisjoint(domains(first))


def test_the_ledger_is_of_one_brief(weeks):
    weeks.search()
    with pytest.raises(InvalidInput, match="another brief") as refused:
        weeks.search("List cafés in Porto")
    assert "leave_out=" in refused.value.remedy
    assert weeks.turns == 1


def resaved(weeks) -> None:
    weeks.rows().to_csv(weeks.ledger, index=False, sep=";", encoding="utf-8")


def test_a_ledger_that_a_program_has_only_saved_anew_is_the_same(weeks):
    first = weeks.search()
    resaved(weeks)
    assert weeks.search()["row_id"].equals(first["row_id"])
    weeks.later()
    assert len(weeks.search()) == 8


DAMAGES = {
    "a row is gone": lambda weeks: weeks.rows().iloc[1:].to_csv(weeks.ledger, index=False),
    "a period was changed": lambda weeks: weeks.rows().assign(period="7").to_csv(weeks.ledger, index=False),
    "a period is no number": lambda weeks: weeks.rows().assign(period="one").to_csv(weeks.ledger, index=False),
    "half of it": lambda weeks: os.truncate(weeks.ledger, weeks.ledger.stat().st_size // 2),
    "empty": lambda weeks: weeks.ledger.write_bytes(b""),
    "another file": lambda weeks: weeks.ledger.write_text("company,website\nAcme,acme.pt\n"),
    "bytes": lambda weeks: weeks.ledger.write_bytes(b"\x00\xff\xfe" * 40),
    "no ledger": lambda weeks: weeks.ledger.unlink(),
    "no state": lambda weeks: weeks.state_path.unlink(),
    "a damaged state": lambda weeks: weeks.state_path.write_text("{"),
    "a state of another account": lambda weeks: change(weeks, organization="another"),
    "an older state": lambda weeks: change(weeks, digests=["0" * 32]),
}


def change(weeks: Weeks, **fields: object) -> None:
    weeks.state_path.write_text(json.dumps(weeks.state | fields))


@pytest.mark.sweep
@pytest.mark.parametrize("damage", DAMAGES)
def test_files_that_are_damaged_lost_or_changed_are_an_error_with_a_way_out(weeks, tmp_path, damage):
    weeks.search()
    copies = {path: path.read_bytes() for path in (weeks.ledger, weeks.state_path)}
    DAMAGES[damage](weeks)
    damaged = {path: path.read_bytes() for path in copies if path.exists()}
    weeks.later()
    with pytest.raises(LedgerUnusable) as refused:
        weeks.search()
    assert "bakeries.csv" in refused.value.remedy
    assert "bakeries.state.json" in refused.value.remedy
    assert weeks.turns == 1
    assert damaged == {path: path.read_bytes() for path in copies if path.exists()}, "nothing was touched"
    for path, content in copies.items():
        path.write_bytes(content)
    assert (len(weeks.search()), weeks.turns) == (8, 2)


def test_a_change_that_is_meant_is_taken_when_the_state_says_so(weeks):
    first = weeks.search()
    kept = weeks.rows().iloc[1:]
    kept.to_csv(weeks.ledger, index=False)
    change(weeks, digests=[])
    assert len(weeks.search()) == 9
    weeks.later()
    second = weeks.search()
    assert set(first["domain"]) & domains(second) == {first["domain"].iloc[0]}, "who was forgotten, comes again"


def test_a_copy_of_the_ledger_pays_nothing_twice(weeks, tmp_path):
    weeks.search()
    (tmp_path / "other").mkdir()
    for path in (weeks.ledger, weeks.state_path):
        shutil.copy(path, tmp_path / "other")
    weeks.later()
    weeks.search()
    elsewhere = ow.Client(weeks.server.key, base_url=weeks.server.base_url, timeout=5)
    from origami_widgets.run import conversation

    conversation.own_turns.clear()
    with pytest.raises(ow.errors.ContinuedElsewhere) as refused:
        weeks.search(ledger=tmp_path / "other" / "bakeries.csv", client=elsewhere)
    assert "copy of this ledger" in "".join(refused.value.__notes__)
    assert weeks.turns == 2


@pytest.mark.sweep
@pytest.mark.parametrize("full_from", range(1, 7))
def test_a_full_disk_loses_nothing(weeks, monkeypatch, full_from):
    replace, done = os.replace, []

    def full(source, target, **options):
        done.append(target)
        if len(done) >= full_from:
            raise OSError(28, "No space left on device")
        replace(source, target, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(ow.OrigamiError, match="No space left"):
            weeks.search()
    found = weeks.search()
    assert (domains(found), weeks.turns) == (weeks.server.domains(1), 1)
    assert [path.name for path in weeks.ledger.parent.glob("*.tmp")] == []


def test_a_refused_start_leaves_the_period_open_and_counts_from_when_it_starts(weeks):
    weeks.server.fail("POST /agents", answer(*BROKE))
    with pytest.raises(PaymentRequired):
        weeks.search()
    assert weeks.state["start"] is None
    weeks.later(6 * DAY)
    assert about(weeks.search())["period"] == 1
    weeks.later(6 * DAY)
    assert (about(weeks.search())["period"], weeks.turns) == (1, 1)


def test_an_agent_that_is_gone_is_named_with_the_way_out(tmp_path):
    ledger = tmp_path / "bakeries.csv"
    for seed in (0, 1):
        options = {"ledger": ledger, "client": ow.Sandbox(speed=600, seed=seed).client(), "show": False}
        if not seed:
            ow.new_leads(BRIEF, **options)
            continue
        with pytest.raises(NotFound) as gone:
            ow.new_leads(BRIEF, **options)
    assert "use another ledger= and leave_out='bakeries.csv'" in "".join(gone.value.__notes__)


def test_a_request_of_which_nothing_is_known_is_named_and_has_a_way_out(weeks):
    weeks.server.fail("POST /agents", 500, 500, 500, 500)
    with pytest.raises(ow.errors.AmbiguousStart):
        weeks.search()
    weeks.server.heal()
    weeks.later(2 * DAY)
    for _ in range(2):
        with pytest.raises(ow.errors.AmbiguousStart) as doubt:
            weeks.search()
    assert doubt.value.code == "AMBIGUOUS_START"
    assert "delete the entry 'start' from bakeries.state.json" in "".join(doubt.value.__notes__)
    assert weeks.turns == 0
    change(weeks, start=None)
    assert (about(weeks.search())["period"], weeks.turns) == (1, 1)


def test_a_lost_answer_is_found_and_not_paid_again(weeks):
    for number, route in enumerate(("POST /agents", "POST /agents/{id}/runs"), 1):
        weeks.server.fail(route, None, PROXY_PAGE, takes_effect=True)
        assert (about(weeks.search())["period"], weeks.turns) == (number, number)
        weeks.server.heal()
        weeks.later()


def test_an_agent_that_asks_is_answered_and_then_hands_over(weeks):
    with pytest.raises(AnswerNeeded) as asked:
        weeks.search("asking")
    assert asked.value.run.questions
    weeks.later(3 * WEEK)
    with pytest.raises(AnswerNeeded):
        weeks.search("asking")
    assert (weeks.turns, weeks.ledger.exists()) == (1, False)
    asked.value.run.answer("North")
    found = weeks.search("asking")
    assert (about(found)["period"], len(found), weeks.turns) == (1, 10, 2)
    weeks.later()
    with pytest.raises(AnswerNeeded):
        weeks.search("asking")
    assert weeks.turns == 3


LIMITED = {"cells": 40, "cells_per_second": 1.0, "in_flight": 2, "credits_per_cell": 10, "agent_seconds": 60.0}


@pytest.mark.parametrize("weeks", [LIMITED], indirect=True)
def test_each_period_has_the_whole_limit_and_what_was_found_is_handed_over(weeks):
    found = []
    for _ in range(2):
        with pytest.warns(RuntimeWarning, match="Credit limit of"):
            found.append(weeks.search(credit_limit=150))
        weeks.later()
    assert [about(each)["period"] for each in found] == [1, 2]
    assert all(150 < weeks.server.spent(table) < 300 for table in weeks.server.tables)
    assert domains(found[0]).isdisjoint(domains(found[1]))


def test_an_interrupt_cancels_the_run_and_the_same_call_hands_over_what_it_found(weeks, clock, capsys):
    clock.skips = lambda: False
    reached = threading.Event()
    threading.Thread(target=lambda: (see(lambda: weeks.server.runs), reached.set())).start()
    interrupt(weeks.search, reached)
    see(lambda: weeks.server.cancels == [weeks.server.runs[0].agent])
    assert "The same call hands over" in capsys.readouterr().out
    clock.skips = lambda: True
    with pytest.warns(RuntimeWarning, match="ended as 'cancelled'"):
        assert about(weeks.search())["period"] == 1
    weeks.later()
    assert (about(weeks.search())["period"], weeks.turns) == (2, 2)


def test_it_is_awaited_in_the_same_way(weeks):
    async def main() -> list[pd.DataFrame]:
        options = {"ledger": weeks.ledger, "client": weeks.client, "show": False}
        return await asyncio.gather(*(ow.aio.new_leads(BRIEF, **options) for _ in range(2)))

    first, second = asyncio.run(main())
    assert (set(first["row_id"]), weeks.turns) == (set(second["row_id"]), 1)


@pytest.mark.posix
def test_who_may_read_the_files_stays_as_it_was(weeks):
    weeks.search()
    weeks.ledger.chmod(0o640)
    weeks.later()
    weeks.search()
    assert [oct(path.stat().st_mode)[-3:] for path in (weeks.ledger, weeks.state_path)] == ["640", "600"]


def test_neither_the_brief_nor_the_key_is_in_the_files(weeks):
    weeks.search()
    for path in (weeks.ledger, weeks.state_path):
        assert BRIEF not in path.read_text()
        assert weeks.server.key not in path.read_text()
