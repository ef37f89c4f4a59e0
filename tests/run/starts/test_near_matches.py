"""A run that may be ours: taken where its whole brief is, else named and not paid for again. Counted at the server."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest

import origami_widgets as ow
from tests.support.front import EMPTY_LIST, FAILED, ended, forgotten, kept_off
from tests.support.server import answer
from tests.support.starts import starter

pytestmark = pytest.mark.usefixtures("quick", "clock")
BRIEF = "List bakeries in Porto with a web shop"
LONG = f"{BRIEF} {'with care ' * 60}".strip()


@pytest.fixture(params=["start", "follow_up", "start_many"])
def intend(request, client, front):
    """Ask for one run, by several ways; the runs before it are not counted."""
    act = starter(request.param, client, front)
    before = front.runs()
    act.made = lambda: [run_id for run_id in front.runs() if run_id not in before]
    return act


def named_and_not_sent_again(front, intend, brief):
    """The server starts the run and fails; the error names it, and nothing more is sent."""
    front.faults = [forgotten(FAILED)]
    with pytest.raises(ow.errors.AmbiguousStart) as caught:
        intend(brief)
    (made,) = intend.made()
    assert len(front.starts) == 1
    assert 'ow.attach("' in caught.value.remedy
    assert f'/{made}")' in caught.value.remedy


WRITTEN = {
    "spaces": ("List  bakeries in Porto ,\twith a web  shop", lambda brief: " ".join(brief.split())),
    "line ends": ("List bakeries\r\nin Porto", lambda brief: brief.replace("\r\n", "\n")),
    "other line ends": ("List bakeries\nin Porto", lambda brief: brief.replace("\n", "\r\n")),
    "composed": ("Cafe\u0301s in Porto", lambda brief: unicodedata.normalize("NFC", brief)),
    "decomposed": ("Caf\u00e9s in Porto", lambda brief: unicodedata.normalize("NFD", brief)),
    "a long one": (LONG.replace("with", "with "), lambda brief: " ".join(brief.split())),
}


@pytest.mark.sweep
@pytest.mark.parametrize("how", WRITTEN)
def test_a_brief_that_the_server_writes_in_its_own_way_is_ours(front, intend, how):
    brief, front.written = WRITTEN[how]
    front.faults = [forgotten(FAILED)]
    assert [intend(brief)] == intend.made()
    assert len(front.starts) == 1


def test_a_brief_that_lists_cut_and_rewrite_is_read_whole_and_taken(front, intend):
    front.longest = 30
    front.written = lambda brief: brief.replace("  ", " ")
    front.faults = [forgotten(FAILED)]
    assert [intend(LONG.replace("care", "care "))] == intend.made()
    assert len(front.starts) == 1


def test_a_brief_that_is_known_only_by_its_beginning_is_named(front, intend):
    front.written = lambda brief: f"{brief[:200]}…"
    named_and_not_sent_again(front, intend, LONG)


def test_a_server_whose_date_is_ahead_of_its_own_clock(front, intend):
    front.ahead = 6
    named_and_not_sent_again(front, intend, BRIEF)


@pytest.mark.parametrize("front", [{"ahead": None, "behind": 120}], ids=[""], indirect=True)
def test_a_server_without_a_date_whose_clock_is_behind(front, intend):
    named_and_not_sent_again(front, intend, BRIEF)


def test_another_brief_is_no_near_match(front, client):
    """What begins alike, or was started long before, is another one."""
    other = front.sandbox.client()
    other.create_agent(BRIEF)
    # An hour later.
    front.behind = -3600
    other.create_agent(f"{BRIEF} and a terrace")
    other.create_agent("List bakeries in Porto")
    front.faults = [kept_off(FAILED)]
    ow.start(BRIEF, client=client, show=False)
    assert len(front.starts) == 2
    assert len(front.runs()) == 4


def test_of_two_runs_with_our_brief_none_is_taken(front, client):
    front.asked = lambda: front.sandbox.client().create_agent(f"{BRIEF} ".replace(" ", "  "))
    front.faults = [forgotten(FAILED)]
    with pytest.raises(ow.errors.AmbiguousStart, match="2 runs with this brief"):
        ow.start(BRIEF, client=client, show=False)
    assert len(front.starts) == 1


def test_an_agent_that_is_busy_with_our_own_lost_attempt_is_adopted_however_it_writes_the_brief(front, client):
    run = ended(ow.start("Find partners. scenario:answer", client=client, show=False))
    front.written = lambda brief: brief.replace("\r\n", "\n")
    front.starts.clear()
    front.faults = [kept_off(FAILED), forgotten(answer({}, 408))]
    run.follow_up("Add prices\r\nand opening hours. scenario:slow")
    assert {turn.id for turn in run.turns} == set(front.runs())
    assert len(run.turns) == 2


def test_reconciling_takes_it_once_the_server_shows_it_whole(front, client):
    front.written = lambda brief: f"{brief[:200]}…"
    front.faults = [forgotten(FAILED)]
    with pytest.raises(ow.errors.AmbiguousStart) as caught:
        ow.start(LONG, client=client, show=False)
    with pytest.raises(ow.errors.AmbiguousStart, match=r"ow\.attach"):
        caught.value.reconcile()
    front.written = str
    assert front.runs() == [caught.value.reconcile().id]


@pytest.mark.parametrize("way", ["start", "start_many"])
def test_a_clock_that_was_set_back_between_the_start_and_the_next_time(front, client, way, files):
    def start():
        if way == "start":
            return [ow.start(BRIEF, once="porto", client=client, show=False)]
        batch = ow.start_many([BRIEF], once="porto", client=client, show=False)
        try:
            return batch.wait(timeout=20).runs
        finally:
            batch.stop()

    front.faults = [forgotten(FAILED), kept_off(FAILED)]
    front.reads = [kept_off(EMPTY_LIST)] * 4
    with pytest.raises(ow.errors.AmbiguousStart):
        start()
    (made,) = front.runs()
    sent = len(front.starts)
    # Two minutes later by the server's clock, two hours earlier by ours.
    front.behind, front.reads = -120, []
    files.change(claimed_at=(datetime.now(UTC) + timedelta(hours=2)).isoformat())
    with pytest.raises(ow.errors.AmbiguousStart, match=rf'ow\.attach.*{made}"'):
        start()
    assert len(front.starts) == sent
    assert front.runs() == [made]
