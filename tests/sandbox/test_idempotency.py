"""`Idempotency-Key`."""

from __future__ import annotations

import asyncio

import pytest

BRIEF = {"prompt": "Find bakers"}
UNKNOWN = "6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90"


async def post(talk, key, body=None, path="/agents", http=None):
    headers = {"Idempotency-Key": key}
    return await (http or talk.http).post(path, json=BRIEF if body is None else body, headers=headers)


async def test_the_first_answer_is_given_again(talk):
    first = await post(talk, "k1")
    talk.clock.advance(500)
    second = await post(talk, "k1")
    assert second.status_code == 202
    assert second.content == first.content
    assert "idempotency-replay" not in first.headers
    assert second.headers["idempotency-replay"] == "true"
    assert len((await talk.get("/agents"))["items"]) == 1


async def test_without_a_key_or_with_another_one_a_second_run_starts(talk):
    await post(talk, "k1")
    await post(talk, "k2")
    await talk.start()
    assert len((await talk.get("/agents"))["items"]) == 3


async def test_another_body_path_or_run_with_the_key_is_a_conflict(talk):
    agent = (await post(talk, "k1")).json()["agent"]["id"]
    for answer in (
        await post(talk, "k1", {"prompt": "Find butchers"}),
        await post(talk, "k1", path=f"/agents/{agent}/runs"),
        await post(talk, "k1", path=f"/agents/{agent}/cancel"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "IDEMPOTENCY_ERROR")


async def test_follow_up_and_cancel_take_keys_too(talk):
    agent, _ = await talk.start("scenario:answer")
    talk.clock.advance(20)
    first = await post(talk, "k1", path=f"/agents/{agent}/runs")
    assert (await post(talk, "k1", path=f"/agents/{agent}/runs")).content == first.content
    stopped = await post(talk, "k2", path=f"/agents/{agent}/cancel")
    talk.clock.advance(100)
    again = await post(talk, "k2", path=f"/agents/{agent}/cancel")
    assert (again.content, again.json()["run"]["status"]) == (stopped.content, "running")


async def test_the_answer_is_kept_for_a_day(talk):
    await post(talk, "k1")
    talk.clock.advance(24 * 3600 - 1)
    assert "idempotency-replay" in (await post(talk, "k1")).headers
    talk.clock.advance(1)
    assert "idempotency-replay" not in (await post(talk, "k1")).headers
    assert len((await talk.get("/agents"))["items"]) == 2


async def test_the_day_is_not_shortened_by_the_speed(talk_with):
    talk = talk_with(speed=1000)
    await post(talk, "k1")
    talk.clock.advance(3600)
    assert "idempotency-replay" in (await post(talk, "k1")).headers


async def test_refusals_are_kept_too(talk):
    for body, status in (({"prompt": ""}, 400), ({"prompt": "scenario:no_credits"}, 402)):
        first = await post(talk, f"k{status}", body)
        second = await post(talk, f"k{status}", body)
        assert (second.status_code, second.content) == (status, first.content)
        assert second.headers["idempotency-replay"] == "true"


async def test_all_refusals_of_a_run_are_recorded(talk_with):
    talk = talk_with(plan="starter")
    agent, _ = await talk.start("scenario:slow")
    runs = f"/agents/{agent}/runs"
    refusals = [
        ("/agents", {"prompt": "Find bakers"}, 429),
        ("/agents", {"prompt": "scenario:no_credits"}, 402),
        ("/agents", {"prompt": ""}, 400),
        ("/agents", {"prompt": "x" * (1 << 20)}, 413),
        (runs, {"prompt": "And more"}, 409),
        (f"/agents/{UNKNOWN}/runs", {"prompt": "And more"}, 404),
    ]
    first = [await post(talk, f"k{status}", body, path) for path, body, status in refusals]
    talk.clock.advance(2000)
    second = [await post(talk, f"k{status}", body, path) for path, body, status in refusals]
    assert [answer.status_code for answer in second] == [status for _, _, status in refusals]
    assert [answer.content for answer in second] == [answer.content for answer in first]
    assert all("idempotency-replay" not in answer.headers for answer in first)
    assert all(answer.headers["idempotency-replay"] == "true" for answer in second)
    assert second[0].headers["retry-after"] == first[0].headers["retry-after"]
    # The run slot and the agent are free by now: the same requests with new keys get through.
    assert (await post(talk, "new", *refusals[4][1::-1])).status_code == 202
    talk.clock.advance(2000)
    assert (await post(talk, "newer", refusals[0][1])).status_code == 202


async def test_what_is_refused_before_it_is_read_is_not_recorded(talk):
    assert (await post(talk, "k1", http=talk.connect("og_live_other"))).status_code == 401
    for _ in range(100):
        await talk.http.get("/account")
    assert (await post(talk, "k1")).json()["code"] == "RATE_LIMITED"
    talk.clock.advance(60)
    answer = await post(talk, "k1")
    assert (answer.status_code, "idempotency-replay" in answer.headers) == (202, False)


async def test_a_full_pool_is_repeated_for_its_key_and_over_for_a_new_one(talk):
    body = {"prompt": "scenario:pool_full"}
    assert (await post(talk, "k1", body)).status_code == 429
    talk.clock.advance(60)
    again = await post(talk, "k1", body)
    assert (again.status_code, again.headers["idempotency-replay"]) == (429, "true")
    assert (await post(talk, "k2", body)).status_code == 202


async def test_a_fault_of_the_server_is_not_kept(talk, monkeypatch):
    def fail(*_):
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr("origami_widgets.sandbox.organization.run_scenario", fail)
        with pytest.raises(RuntimeError):
            await post(talk, "k1")
    assert (await post(talk, "k1")).status_code == 202


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "tab\there"])
async def test_a_malformed_key_is_refused(talk, key):
    answer = await post(talk, key)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_the_longest_key_is_taken(talk):
    assert (await post(talk, "~" * 255)).status_code == 202


async def test_a_get_ignores_the_key(talk):
    for _ in range(2):
        answer = await talk.http.get("/agents", headers={"Idempotency-Key": "k1"})
        assert answer.status_code == 200
        assert "idempotency-replay" not in answer.headers


async def test_a_second_try_while_the_first_is_in_flight_is_a_conflict(talk):
    sending, go_on = asyncio.Event(), asyncio.Event()

    async def slowly():
        yield b'{"prompt": '
        sending.set()
        await go_on.wait()
        yield b'"Find bakers"}'

    first = asyncio.create_task(talk.http.post("/agents", content=slowly(), headers={"Idempotency-Key": "k1"}))
    await sending.wait()
    # ASGITransport reads the body part by part, so the application has taken the key by now.
    for _ in range(5):
        await asyncio.sleep(0)
    answer = await post(talk, "k1")
    assert (answer.status_code, answer.json()["code"]) == (409, "IDEMPOTENCY_ERROR")
    go_on.set()
    assert (await first).status_code == 202


async def test_a_first_try_that_breaks_off_gives_the_key_back(talk):
    messages = [{"type": "http.request", "body": b'{"pro', "more_body": True}, {"type": "http.disconnect"}]

    async def receive():
        return messages.pop(0)

    async def send(message):
        raise AssertionError(f"nobody is left to read {message}")

    headers = [
        (b"host", b"127.0.0.1:2"),
        (b"authorization", b"Bearer og_live_sandbox"),
        (b"idempotency-key", b"k1"),
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v2/agents",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "scheme": "http",
    }
    await talk.sandbox(scope, receive, send)
    assert (await post(talk, "k1")).status_code == 202
