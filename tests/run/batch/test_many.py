"""Many runs from one call: one for each brief, whatever happens, counted at the server, over real sockets."""

from __future__ import annotations

import pytest

import origami_widgets as ow
from origami_widgets.api import errors
from origami_widgets.api.errors import InvalidInput
from origami_widgets.run.batch import briefs_of, queue_of
from origami_widgets.run.polling import poller as poller_module
from origami_widgets.run.polling.poller import Poller
from tests.run.batch.common import finished, is_done, prompts_at, states, towns, waiting
from tests.support.front import BROKE, EMPTY_LIST, FULL, forgotten, kept_off, passes
from tests.support.quick import see
from tests.support.server import answer


def test_each_brief_gets_a_run_in_its_order_and_the_call_returns_before(front, many):
    briefs = towns(5)
    before = front.starts[:]
    batch = many(briefs, at_once=5)
    assert (len(batch), before) == (5, [])
    finished(batch)
    assert [run.prompt for run in batch] == [brief.prompt for brief in briefs_of(batch)] == briefs
    assert [request.json()["prompt"] for request in front.starts] == briefs
    assert len(set(front.keys)) == len(front.runs()) == 5
    assert (is_done(batch), batch.status, waiting(batch), batch.error) == (True, "ended", 0, None)
    assert {brief.state for brief in briefs_of(batch)} == {"started"}
    assert repr(batch) == "<RunBatch of 5 briefs: 5 done>"


def test_a_mapping_names_the_agents(front, many):
    batch = finished(many({"Porto": towns(1)[0], "Faro": towns(2)[1]}))
    assert [brief.name for brief in briefs_of(batch)] == ["Porto", "Faro"]
    assert sorted(agent.name for agent in front.agents()) == ["Faro", "Porto"]


NO_BRIEFS = {
    "one text": (towns(1)[0], "start_many\\(\\['…'\\]\\)"),
    "bytes": (b"brief", "a list"),
    "nothing": ([], "empty"),
    "an empty mapping": ({}, "empty"),
    "None": (None, "NoneType"),
    "a number": (7, "int"),
    "an empty brief": ([*towns(2), " "], r"prompts\[2\]"),
    "no text": ([towns(1)[0], None], r"prompts\[1\]"),
    "a long brief": ([*towns(1), "x" * 10_001], r"prompts\[1\]"),
    "an empty brief with a name": ({"Porto": "x", "Faro": ""}, r"prompts\['Faro'\]"),
    "a long name": ({"x" * 81: "List"}, r"prompts\['xxx"),
    "a name that is a number": ({7: "List"}, r"prompts\[7\]"),
    "a key in a brief": ([*towns(1), f"with og_live_{'k' * 43}"], r"prompts\[1\]"),
    "without an end": (iter(lambda: "List bakeries", None), "1,000"),
}


@pytest.mark.parametrize("case", NO_BRIEFS)
def test_what_is_not_a_list_of_briefs_is_refused_before_anything_is_sent(front, many, case):
    prompts, said = NO_BRIEFS[case]
    with pytest.raises(InvalidInput, match=said) as caught:
        many(prompts)
    assert "kkkk" not in str(caught.value)
    assert front.starts == []


def test_the_names_of_a_frames_columns_are_not_taken_for_briefs(front, many):
    frame = ow.runs_frame([{"object": "run", "id": "v2_run-1", "prompt": brief} for brief in towns(2)])
    with pytest.raises(InvalidInput, match="frame\\['brief'\\]"):
        many(frame)
    assert front.starts == []
    assert [run.prompt for run in finished(many(frame["prompt"]))] == towns(2)


@pytest.mark.parametrize(
    "options",
    [
        {"at_once": 0},
        {"at_once": True},
        {"at_once": 2.0},
        {"model": "gpt"},
        {"focus_tables": "t1"},
        {"once": " "},
        {"credit_limit": 0},
    ],
)
def test_an_option_that_is_not_valid_is_refused_before_anything_is_sent(front, many, options):
    with pytest.raises(InvalidInput):
        many(towns(2), **options)
    assert front.starts == []


def test_ten_run_at_once_unless_told_otherwise(front, many):
    batch = many(towns(11, "slow"))
    see(lambda: len(batch.runs) == 10)
    assert queue_of(batch).at_once == 10
    assert waiting(batch) == 1
    batch.cancel()


def test_a_start_that_found_no_slot_tries_again_when_a_run_of_this_process_ends(front, many):
    front.faults = [passes, kept_off(answer(FULL, 429, headers={"Retry-After": "3600"}))]
    batch = many(towns(2, "slow"))
    see(lambda: states(batch) == ["started", "queued"])
    batch.runs[0].cancel()
    see(lambda: len(batch.runs) == 2)
    assert len(front.starts) == 3
    batch.cancel()


def test_a_pool_that_others_have_filled_is_waited_for_as_long_as_it_says(front, many, clock, capsys):
    front.faults = [passes, *[kept_off(answer(FULL, 429, headers={"Retry-After": "96"}))] * 2]
    seen = []
    batch = many(towns(3), at_once=3)
    batch.on_change(lambda batch: seen.append(briefs_of(batch)[1]))
    finished(batch)
    assert clock.slept.count(96) == 2
    assert len(set(front.keys)) == len(front.starts) == 5
    assert len(front.runs()) == 3
    # What is left of it, is said again.
    said = {(brief.state, round(brief.queue.wait), brief.queue.limit) for brief in seen if brief.queue}
    assert said == {("queued", 96, 1)}
    assert capsys.readouterr() == ("", "")


def test_too_few_credits_halt_the_rest_until_there_are_some(front, many):
    front.faults = [passes, kept_off(answer(*BROKE))]
    batch = many(towns(4), at_once=4)
    see(lambda: batch.error is not None)
    assert isinstance(batch.error, errors.InsufficientCredits)
    assert states(batch) == ["started", "failed", "waiting", "waiting"]
    assert briefs_of(batch)[1].error is batch.error
    assert repr(batch).endswith(f"1 failed; halted: {batch.error.title}>")
    assert waiting(batch) == 3
    for _ in range(2):
        with pytest.raises(errors.InsufficientCredits):
            batch.wait()
    assert len(front.starts) == 2
    assert batch.resume() is batch
    assert briefs_of(batch)[1].error is None
    finished(batch)
    assert prompts_at(front) == sorted(towns(4))
    refused, again = front.keys[1:3]
    assert refused != again, "the server would give the same refusal again for the same key"


def test_a_run_that_a_person_has_looked_for_is_not_asked_for_again(front, many):
    front.faults = [kept_off(answer({}, 500)), forgotten(answer({}, 500))]
    front.reads = [kept_off(EMPTY_LIST)] * 4
    batch = many(towns(1))
    see(lambda: batch.error is not None)
    found = batch.error.reconcile()
    batch.resume()
    assert finished(batch).runs == (found,)
    assert len(front.runs()) == 1


class Broken(Poller):
    """A poller with a mistake of ours."""

    def watch(self, *_arguments, **_options):
        raise ZeroDivisionError


def test_a_mistake_of_ours_halts_it_and_what_was_sent_is_looked_for(front, many, clock, monkeypatch):
    sound = poller_module.current
    monkeypatch.setattr(poller_module, "current", Broken(clock))
    batch = many(towns(2))
    see(lambda: batch.error is not None)
    assert "ZeroDivisionError" in batch.error.cause
    monkeypatch.setattr(poller_module, "current", sound)
    batch.resume()
    finished(batch)
    assert prompts_at(front) == sorted(towns(2))


def test_a_batch_has_a_name_a_status_and_what_its_runs_have_used(many):
    batch = many(towns(2, "completed"), once="bakeries")
    assert (batch.name, batch.status) == ("bakeries", "running")
    assert batch.credits.used is None or batch.credits.used >= 0
    settled = finished(batch).wait("cells", timeout=20)
    assert (settled.name, settled.status) == ("bakeries", "ended")
    used = [run.credits.used for run in settled.runs]
    assert (settled.credits.used, settled.credits.is_final) == (sum(used), True)
    assert settled.credits.read_at == max(run.credits.read_at for run in settled.runs)
    html = settled.to_html()
    assert all(run.status == "completed" for run in settled)
    assert html.startswith("<div")
    assert "town 1" in html


def test_runs_are_found_by_the_name_of_their_brief(front, many):
    front.faults = [passes, kept_off(answer(*BROKE))]
    batch = many({"Porto": towns(1)[0], "Faro": towns(2)[1]})
    see(lambda: batch.error is not None)
    assert batch.by_name == {"Porto": batch.runs[0]}
    assert batch["Porto"] == batch.runs[0]
    for name in ("Faro", 0, ["Porto"]):
        with pytest.raises(errors.InvalidInput, match="'Porto'"):
            batch[name]
    batch.resume()
    assert finished(batch)["Faro"] == batch.runs[1]
    assert finished(many(towns(1))).by_name.keys() == {towns(1)[0]}
