"""`Idempotency-Key`."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import UNKNOWN_ID, asgi_scope

BODY = {"prompt": "Find bakers"}


async def post(session, key, body=None, path="/agents", http=None):
    headers = {"Idempotency-Key": key}
    return await (http or session.http).post(path, json=BODY if body is None else body, headers=headers)


async def test_the_first_response_is_replayed(session):
    first = await post(session, "k1")
    session.clock.advance(500)
    second = await post(session, "k1")
    assert second.status_code == 202
    assert second.content == first.content
    assert "idempotency-replay" not in first.headers
    assert second.headers["idempotency-replay"] == "true"
    assert len((await session.get("/agents"))["items"]) == 1


async def test_another_body_path_or_run_with_the_key_is_a_conflict(session):
    agent = (await post(session, "k1")).json()["agent"]["id"]
    for answer in (
        await post(session, "k1", {"prompt": "Find butchers"}),
        await post(session, "k1", path=f"/agents/{agent}/runs"),
        await post(session, "k1", path=f"/agents/{agent}/cancel"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "IDEMPOTENCY_ERROR")


async def test_the_response_is_kept_for_a_day(session):
    await post(session, "k1")
    session.clock.advance(24 * 3600 - 1)
    assert "idempotency-replay" in (await post(session, "k1")).headers
    session.clock.advance(1)
    assert "idempotency-replay" not in (await post(session, "k1")).headers
    assert len((await session.get("/agents"))["items"]) == 2


async def test_all_refusals_of_a_run_are_recorded(new_session):
    session = new_session(plan="starter")
    agent, _ = await session.start("scenario:slow")
    runs = f"/agents/{agent}/runs"
    refusals = [
        ("/agents", {"prompt": "Find bakers"}, 429),
        ("/agents", {"prompt": "scenario:no_credits"}, 402),
        ("/agents", {"prompt": ""}, 400),
        ("/agents", {"prompt": "x" * (4 << 20)}, 413),
        (runs, {"prompt": "And more"}, 409),
        (f"/agents/{UNKNOWN_ID}/runs", {"prompt": "And more"}, 404),
    ]
    first = [await post(session, f"k{status}", body, path) for path, body, status in refusals]
    session.clock.advance(2000)
    second = [await post(session, f"k{status}", body, path) for path, body, status in refusals]
    assert [answer.status_code for answer in second] == [status for _, _, status in refusals]
    assert [answer.content for answer in second] == [answer.content for answer in first]
    assert all("idempotency-replay" not in answer.headers for answer in first)
    assert all(answer.headers["idempotency-replay"] == "true" for answer in second)
    assert second[0].headers["retry-after"] == first[0].headers["retry-after"]
    # The run slot and the agent are free by now: the same requests with new keys get through.
    assert (await post(session, "new", *refusals[4][1::-1])).status_code == 202
    session.clock.advance(2000)
    assert (await post(session, "newer", refusals[0][1])).status_code == 202


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "tab\there"])
async def test_a_malformed_key_is_refused(session, key):
    answer = await post(session, key)
    assert (answer.status_code, answer.json()["code"]) == (400, "VALIDATION_ERROR")


async def test_a_second_request_while_the_first_is_in_flight_is_a_conflict(session):
    sending, go_on = asyncio.Event(), asyncio.Event()

    async def slowly():
        yield b'{"prompt": '
        sending.set()
        await go_on.wait()
        yield b'"Find bakers"}'

    first = asyncio.create_task(session.http.post("/agents", content=slowly(), headers={"Idempotency-Key": "k1"}))
    await sending.wait()
    # ASGITransport reads the body part by part, so the application has taken the key by now.
    for _ in range(5):
        await asyncio.sleep(0)
    answer = await post(session, "k1")
    assert (answer.status_code, answer.json()["code"]) == (409, "IDEMPOTENCY_ERROR")
    go_on.set()
    assert (await first).status_code == 202


async def test_a_first_request_that_breaks_off_releases_its_key(session):
    messages = [{"type": "http.request", "body": b'{"pro', "more_body": True}, {"type": "http.disconnect"}]

    async def receive():
        return messages.pop(0)

    async def send(message):
        raise AssertionError(f"a closed connection got {message}")

    scope = asgi_scope("POST", "/agents", [(b"host", b"127.0.0.1:8765"), (b"idempotency-key", b"k1")])
    await session.sandbox(scope, receive, send)
    assert (await post(session, "k1")).status_code == 202
