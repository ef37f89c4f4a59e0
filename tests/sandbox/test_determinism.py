"""Same seed, same requests, same clock: same bytes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from origami_widgets.api.errors import InvalidInput
from origami_widgets.sandbox import Sandbox

from .conftest import Talk


async def story(**options) -> list[tuple[int, bytes, tuple]]:
    talk = Talk(**options)
    answers = []

    async def ask(method, path, **rest):
        answer = await talk.http.request(method, path, **rest)
        answers.append((answer.status_code, answer.content, tuple(sorted(answer.headers.items()))))
        return answer

    agent = (await ask("POST", "/agents", json={"prompt": "Find 9 bakers scenario:filling"})).json()["agent"]["id"]
    for _ in range(5):
        talk.clock.advance(20)
        runs = (await ask("GET", f"/agents/{agent}/runs")).json()["items"]
        body = (await ask("GET", f"/agents/{agent}/runs/{runs[0]['id']}?include=stats,transcript")).json()
    await ask("POST", f"/agents/{agent}/runs", json={"prompt": "more"})
    talk.clock.advance(30)
    await ask("POST", f"/agents/{agent}/cancel")
    table = body["response"]["tables"][0]["id"]
    await ask("GET", f"/tables/{table}/rows?limit=3")
    await ask("GET", f"/tables/{table}/rows?format=csv")
    await ask("GET", "/account")
    return answers


async def test_the_same_seed_gives_the_same_bytes_and_headers():
    assert await story(seed=7) == await story(seed=7)


async def test_another_seed_gives_other_ids_and_leads():
    one, other = await story(seed=7), await story(seed=8)
    assert all(first[1] != second[1] for first, second in zip(one, other, strict=True))


async def test_looking_changes_nothing(talk):
    watched, unwatched = Talk(), Talk()
    first, second = await watched.start(), await unwatched.start()
    assert first == second
    for _ in range(40):
        watched.clock.advance(3)
        await watched.run(*first, "stats")
    unwatched.clock.advance(120)
    assert await watched.run(*first, "stats") == await unwatched.run(*second, "stats")


async def test_time_goes_on_when_the_clock_is_set_back(talk):
    agent, run = await talk.start()
    talk.clock.advance(100)
    before = await talk.run(agent, run, "stats")
    talk.clock.advance(-7200)
    assert await talk.run(agent, run, "stats") == before
    second = await talk.follow(agent, "scenario:answer")
    talk.clock.advance(12)
    assert (await talk.run(agent, second))["status"] == "completed"


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        *(
            ("speed", value, "a number from 0.001 to 1,000,000")
            for value in (0, -1, float("nan"), float("inf"), 10**400)
        ),
        *(("speed", value, "a number from 0.001 to 1,000,000") for value in ("fast", "20", None, True, 1j, [20])),
        *(("seed", value, "a whole number") for value in ("x", "7", 1.5, float("nan"), None, True)),
        *(("credits", value, "0 or more") for value in (-1, "many", 0.5, float("inf"), None, False)),
        *(("plan", value, "starter, pro") for value in ("gold", "", None, 3, ["pro"])),
        ("clock", 1_784_625_242.0, "a function"),
    ],
)
def test_impossible_options_are_refused(option, value, expected):
    with pytest.raises(InvalidInput) as refused:
        Sandbox(**{option: value})
    assert f"{option}=" in refused.value.title
    assert expected in refused.value.cause
    assert f"{option}=" in refused.value.remedy


def test_numbers_of_other_libraries_are_numbers():
    sandbox = Sandbox(seed=np.int64(3), speed=np.float32(20), credits=np.int32(7))
    assert sandbox.client().get_credits().balance == 7
    assert Sandbox(credits=1e6).client().get_credits().balance == 1_000_000
    assert Sandbox(speed=Fraction(1, 2)).client().get_account().plan.id == "pro"


def test_a_missing_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "origami_widgets.sandbox.app", None)
    with pytest.raises(ImportError, match=r'pip install "origami-widgets\[sandbox\]"'):
        Sandbox()
