"""The sandbox over a real socket."""

from __future__ import annotations

import time

import httpx
import pytest

from origami_widgets.sandbox import Sandbox


@pytest.fixture(scope="module")
def http():
    with (
        Sandbox(speed=200).serve() as served,
        httpx.Client(base_url=served.base_url, headers={"Authorization": f"Bearer {served.api_key}"}) as client,
    ):
        yield client


def until_over(http: httpx.Client, agent: str, run: str) -> dict:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        answer = http.get(f"/agents/{agent}/runs/{run}", params={"include": "stats"})
        assert answer.status_code == 200
        if "retry-after" not in answer.headers:
            return answer.json()
        time.sleep(0.1)
    raise AssertionError("the run did not end")


def test_a_brief_completes_with_two_settled_tables(http):
    created = http.post("/agents", json={"prompt": "Find 12 cheese makers in Leeds scenario:settled"}).json()
    run = until_over(http, created["agent"]["id"], created["run"]["id"])
    assert run["status"] == "completed"
    assert [table["leadCount"] for table in run["response"]["tables"]] == [12, 8]
    assert [table["cells"]["running"] for table in run["response"]["tables"]] == [0, 0]


def test_questions_are_answered_by_a_follow_up(http):
    created = http.post("/agents", json={"prompt": "Find wholesale partners scenario:needs_input"}).json()
    agent = created["agent"]["id"]
    asked = until_over(http, agent, created["run"]["id"])
    assert asked["status"] == "needs_input"
    first, second = (question["question"] for question in asked["todo"]["pendingQuestions"])
    sent = http.post(f"/agents/{agent}/runs", json={"prompt": f"{first} Iberia.\n{second} Yes."}).json()
    done = until_over(http, agent, sent["run"]["id"])
    assert done["status"] == "completed"
    assert done["response"]["tables"][0]["name"] == "Wholesale partners in Iberia"


def test_answers_carry_one_date_and_the_mark_of_the_sandbox(http):
    answer = http.get("/account")
    assert len(answer.headers.get_list("date")) == 1
    assert answer.headers["x-origami-sandbox"] == "true"
    assert answer.headers["content-type"] == "application/json"


def test_the_port_is_free_again_after_serving():
    with Sandbox().serve() as served:
        port = served.port
    with Sandbox().serve(port) as again:
        assert again.port == port
