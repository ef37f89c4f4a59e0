"""Request quotas."""

from __future__ import annotations


def remaining(answer, scope) -> int:
    return int(answer.headers[f"x-ratelimit-remaining-{scope}"])


async def test_responses_report_both_rate_limits(session):
    answer = await session.http.get("/account")
    assert answer.headers["x-ratelimit-limit-ip"] == "300"
    assert answer.headers["x-ratelimit-limit-global"] == "100"
    assert (remaining(answer, "ip"), remaining(answer, "global")) == (299, 99)
    assert answer.headers["x-ratelimit-reset-global"] == str(1_784_625_242 + 60)
    assert remaining(await session.http.get("/account"), "global") == 98


async def test_the_organization_has_100_requests_a_minute(session, conforms):
    for _ in range(100):
        assert (await session.http.get("/account")).status_code == 200
    session.clock.advance(20.5)
    refused = await session.http.get("/account")
    assert refused.status_code == 429
    conforms(refused.json(), "Error")
    assert refused.json()["code"] == "RATE_LIMITED"
    assert refused.headers["retry-after"] == "40"
    assert remaining(refused, "global") == 0
    session.clock.advance(40)
    assert (await session.http.get("/account")).status_code == 200
