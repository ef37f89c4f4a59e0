"""Headers of an answer that hold what no header should: the answer is read all the same, by everything that asks."""

from __future__ import annotations

import contextlib
import json

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import origami_widgets as ow
from origami_widgets.api.background.loop import background
from origami_widgets.api.errors import OrigamiError
from tests.faults.journey import COMPLETED, KEY, RUNNING, running
from tests.faults.planted import reachable, showing, within
from tests.support.server import raw

LATE, EARLY = b"Fri, 31 Dec 9999 23:59:59 -0100", b"Mon, 01 Jan 0001 00:00:00 +0100"
ODD = {
    "UTF-8": b"Server: \xc5\x81\xc3\xb3d\xc5\xba",
    "Latin-1": b"Via: 1.1 proxy \xb7",
    "all bytes that are no ASCII": b"X-Note: " + bytes(range(0x80, 0x100)),
    "the key beside one": b"X-Note: \xff Bearer " + KEY.encode() + b" \xff",
    "a request id of such": b"X-Request-Id: \xe9\xff",
    "a cookie of such": b"Set-Cookie: a=\xff; Expires=" + LATE + b"; Path=/",
    "a date after the last year": b"Date: " + LATE,
    "a date in the last year": b"Date: Fri, 31 Dec 9999 23:59:59 GMT",
    "a date before the first year": b"Date: " + EARLY,
    "a date of other bytes": b"Date: \xff, 31 Dec 9999",
    "quotas of other bytes": b"X-RateLimit-Remaining-Org: \xb2\r\nX-RateLimit-Reset-Org: " + b"9" * 400,
}


def with_header(body, line, status=200):
    """A proper answer with one more line in its head."""
    data = json.dumps(body).encode()
    begin = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(data)}\r\n"
    return raw(begin.encode() + line + b"\r\n\r\n" + data)


def ended(**more):
    return {**COMPLETED, "id": RUNNING["id"], "agentId": RUNNING["agentId"], "response": None, **more}


@pytest.mark.sweep
@pytest.mark.parametrize("line", ODD.values(), ids=ODD)
def test_a_run_is_watched_to_its_end(journey, interface, line):
    go_on = line + b"\r\nRetry-After: 15"
    seen = journey().go(
        interface, with_header(running(3), go_on), with_header(running(9), go_on), with_header(ended(), line)
    )
    assert seen.error is None
    assert seen.run.status == "completed"
    assert {connection.failures for connection in seen.connections} == {0}
    assert showing(within(seen.run, seen.connections, seen.heads)) == []
    assert showing(reachable(seen.run, seen.connections, seen.heads)) == []
    assert seen.run.to_html()
    assert str(seen.run)


@pytest.mark.parametrize("line", ODD.values(), ids=ODD)
def test_the_answer_to_a_start_is_read_and_paid_for_once(server, line):
    client = ow.Client(KEY, base_url=server.base_url, timeout=5)
    server.plan(with_header({"agent": {"id": RUNNING["agentId"]}, "run": running(0)}, line, 201))
    assert client.create_agent("Find bakeries").run.id == RUNNING["id"]
    assert [request.method for request in server.requests] == ["POST"]


NAMES = st.sampled_from(
    [
        *(b"Date", b"Retry-After", b"Server", b"Set-Cookie", b"X-Request-Id", b"Location", b"Content-Type"),
        *(b"X-RateLimit-Limit-Org", b"X-RateLimit-Remaining-Org", b"X-RateLimit-Reset-Org", b"X-Origami-Sandbox"),
    ]
)
YEARS = st.sampled_from([b"0001", b"1970", b"2026", b"9999", b"10000", b"99999999999", b"-1"])
DATES = st.builds(
    lambda day, year, time, zone: b"Fri, %s Dec %s %s %s" % (day, year, time, zone),
    st.sampled_from([b"1", b"31", b"99", b"0"]),
    YEARS,
    st.sampled_from([b"00:00:00", b"23:59:59", b"99:99:99", b"1", b"24:00:00.5"]),
    st.sampled_from([b"GMT", b"-0100", b"+2359", b"-9999", b"+99999999999", b""]),
)
VALUES = st.binary(max_size=40) | DATES | st.from_regex(rb"[-+]?[0-9]{1,400}(\.[0-9]*)?", fullmatch=True)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4), st.sampled_from([200, 302, 401, 429, 503]))
@example([(b"Date", LATE), (b"Retry-After", LATE)], 200)
@example([(b"Server", b"\xff")], 200)
def test_no_bytes_in_a_header_raise_anything_but_an_error_of_ours(headers, status):
    def respond(_request):
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(b'{"object": "credits", "balance": 7}'))

    client = ow.Client(KEY, _transport=httpx.MockTransport(respond))

    async def once():
        with contextlib.suppress(OrigamiError):
            return await client.operations.poll_table("t1")

    background().run(once())
