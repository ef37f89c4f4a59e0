"""Same seed, same requests, same clock: same bytes."""

from __future__ import annotations

from .conftest import Session


async def story(**options) -> list[tuple[int, bytes, tuple]]:
    session = Session(**options)
    answers = []

    async def ask(method, path, **rest):
        answer = await session.http.request(method, path, **rest)
        answers.append((answer.status_code, answer.content, tuple(sorted(answer.headers.items()))))
        return answer

    agent = (await ask("POST", "/agents", json={"prompt": "Find 9 bakers scenario:filling"})).json()["agent"]["id"]
    for _ in range(5):
        session.clock.advance(20)
        runs = (await ask("GET", f"/agents/{agent}/runs")).json()["items"]
        body = (await ask("GET", f"/agents/{agent}/runs/{runs[0]['id']}?include=stats,transcript")).json()
    await ask("POST", f"/agents/{agent}/runs", json={"prompt": "more"})
    session.clock.advance(30)
    await ask("POST", f"/agents/{agent}/cancel")
    table = body["response"]["tables"][0]["id"]
    await ask("GET", f"/tables/{table}/rows?limit=3")
    await ask("GET", f"/tables/{table}/rows?format=csv")
    await ask("GET", "/account")
    return answers


async def test_the_same_seed_gives_the_same_bytes_and_headers():
    assert await story(seed=7) == await story(seed=7)


async def test_reading_changes_nothing(session):
    watched, unwatched = Session(), Session()
    first, second = await watched.start(), await unwatched.start()
    assert first == second
    for _ in range(40):
        watched.clock.advance(3)
        await watched.run(*first, "stats")
    unwatched.clock.advance(120)
    assert await watched.run(*first, "stats") == await unwatched.run(*second, "stats")
