"""`upload`: what is sent of a list, and that no row is written twice, whatever happens to requests and kernels."""

from __future__ import annotations

import asyncio
import re
import threading

import pandas as pd
import pytest

import origami_widgets as ow
from tests.support.errors import raises
from tests.support.interrupts import interrupt
from tests.support.quick import see
from tests.support.server import answer, reset
from tests.support.spending_server import PROXY_PAGE

SOON = 5.0
"""Seconds within which an interrupt is back, on a busy machine too. The answer it waits for never comes."""
NEW_TABLE = ("POST /workspaces", "POST /workspaces/{id}/documents", "GET /tables/{id}/columns", "GET /tables/{id}/rows")
LOST = {
    "no answer": (None, {}),
    "no answer, not arrived": (None, {"takes_effect": False}),
    "500, done": (500, {}),
    "500, not done": (500, {"takes_effect": False}),
    "500, done, key kept": (500, {"keeps_key": True}),
    "a proxy's page": (PROXY_PAGE, {}),
    "reset, done": (reset(), {}),
    "reset, done, key kept": (reset(), {"keeps_key": True}),
    "no JSON": (answer("{"), {}),
    "another object": (answer([]), {}),
}
"""What a request meets, and whether it was carried out."""


def many(rows: int = 250) -> pd.DataFrame:
    return pd.DataFrame({"website": [f"{number}.example" for number in range(rows)], "n": range(rows)})


def test_only_the_key_and_the_named_columns_leave(server, client, companies):
    companies.index = ["Ana", "Rui", "Eva", "Joe"]
    table = ow.upload(companies, key="website", columns=["zip"], name="CRM", client=client)
    assert [row["cells"] for row in server.contents[table.id]] == [
        {"website": "c.example", "zip": "01234"},
        {"website": "a.example"},
        {"website": "b.example", "zip": "99999"},
    ]
    assert not re.search(r"revenue|Ana|Rui|\b40\b", server.sent)
    assert server.enrichments == 0
    assert (table.name, table.counts) == ("CRM", (4, 0, 1, 3, 0, 0))
    assert table.row_ids[0] == table.row_ids[2]
    assert [each["id"] for each in server.contents[table.id]] == [table.row_ids[at] for at in (0, 1, 3)]


def test_values_are_sent_exactly(server, client):
    frame = pd.DataFrame(
        {
            "website": ["=1+1", "+49 30 Müller, 😀", ' "x"\r\ny '],
            "id": pd.array([1234567890123456789, None, 7], dtype="Int64"),
            "seen": pd.to_datetime(["2026-01-02 00:00:00", None, "2026-01-02 03:04:05"]),
            "share": [0.1, float("nan"), 2.0],
            "ok": pd.array([True, None, False], dtype="boolean"),
        }
    )
    table = ow.upload(frame, key="website", columns=["id", "seen", "share", "ok"], client=client)
    cells = {slug: server.texts(table.id, slug) for slug in ("website", "id", "seen", "share", "ok")}
    assert cells == {
        "website": ["=1+1", "+49 30 Müller, 😀", ' "x"\r\ny '],
        "id": ["1234567890123456789", None, "7"],
        "seen": ["2026-01-02T00:00:00", None, "2026-01-02T03:04:05"],
        "share": ["0.1", None, "2.0"],
        "ok": ["true", None, "false"],
    }
    again = ow.upload(frame, key="website", columns=["id", "seen", "share", "ok"], table=table)
    assert (again.counts.updated, again.row_ids) == (3, table.row_ids)
    sent = [request.json()["rows"] for request in server.requests if request.path.endswith("upsert")]
    assert sent == [
        [
            {"website": "=1+1", "id": "1234567890123456789", "seen": "2026-01-02T00:00:00", "share": 0.1, "ok": True},
            {"website": "+49 30 Müller, 😀"},
            {"website": ' "x"\r\ny ', "id": 7, "seen": "2026-01-02T03:04:05", "share": 2.0, "ok": False},
        ]
    ]


@pytest.mark.sweep
@pytest.mark.parametrize("server", [{"csv_rows": 120}], indirect=True)
@pytest.mark.parametrize("fault", LOST, ids=LOST)
@pytest.mark.parametrize("route", [*NEW_TABLE, "POST /tables/{id}/rows/upsert"])
def test_a_lost_answer_writes_nothing_twice(server, client, route, fault):
    how, options = LOST[fault]
    server.fail(route, how, **{"takes_effect": True, **options})
    table = ow.upload(many(), key="website", columns=["n"], client=client)
    assert len(server.contents) == 1
    assert server.texts(table.id, "website") == many()["website"].to_list()
    assert [how for _, how, _ in server.writes] == ["file", "upsert", "upsert"]
    assert [len(rows) for _, _, rows in server.writes] == [120, 100, 30]
    assert server.enrichments == 0


@pytest.mark.sweep
@pytest.mark.parametrize("server", [{"csv_rows": 120}], indirect=True)
@pytest.mark.parametrize("once", [None, "crm"])
@pytest.mark.parametrize("route", [*NEW_TABLE, "POST /tables/{id}/rows/upsert"])
def test_the_same_call_goes_on_where_it_was(server, client, execute, route, once):
    def call() -> ow.UploadedTable:
        return ow.upload(many(), key="website", columns=["n"], client=client, once=once)

    server.fail(route, *[500] * 40, takes_effect=route.endswith("upsert"))
    with raises("ServerError"):
        execute(call)
    server.heal()
    table = execute(call)
    assert server.texts(table.id, "website") == many()["website"].to_list()
    assert [len(rows) for _, _, rows in server.writes] == [120, 100, 30]
    assert len(server.contents) == 1


@pytest.mark.parametrize("server", [{"csv_rows": 120}], indirect=True)
@pytest.mark.parametrize(
    "route", ["POST /workspaces", "POST /workspaces/{id}/documents", "POST /tables/{id}/rows/upsert"]
)
@pytest.mark.parametrize("status", [402, 403])
def test_a_refusal_is_not_repeated_for_ever(server, client, execute, route, status):
    def call() -> ow.UploadedTable:
        return ow.upload(many(), key="website", columns=["n"], client=client)

    for _ in range(3):
        server.refuse(route, status)
        with raises("InsufficientCredits" if status == 402 else "PermissionDenied"):
            execute(call)
    table = execute(call)
    assert server.texts(table.id, "n") == [str(n) for n in range(120)] + list(range(120, 250))
    assert [len(rows) for _, _, rows in server.writes] == [120, 100, 30]


@pytest.mark.parametrize("server", [{"csv_rows": 120}], indirect=True)
@pytest.mark.parametrize(
    "route", ["POST /workspaces", "POST /workspaces/{id}/documents", "POST /tables/{id}/rows/upsert"]
)
def test_an_interrupted_upload_goes_on(server, execute, route):
    client = ow.Client(server.key, base_url=server.base_url)

    def call() -> ow.UploadedTable:
        return ow.upload(many(), key="website", columns=["n"], client=client)

    server.fail(route, None, takes_effect=True)
    reached = threading.Event()
    threading.Thread(target=lambda: (see(lambda: server.count(route)), reached.set())).start()
    stopped, took = interrupt(lambda: execute(call), reached, after=0.1)
    assert took < SOON
    assert "goes on where it was" in "".join(stopped.__notes__)
    table = execute(call)
    assert server.texts(table.id, "website") == many()["website"].to_list()
    assert [len(rows) for _, _, rows in server.writes] == [120, 100, 30]


UPSERT = "POST /tables/{id}/rows/upsert"


@pytest.mark.parametrize("server", [{"csv_rows": 120}], indirect=True)
def test_each_request_is_written_down_before_it_is_sent(server, client, files):
    written: list[tuple[str, int]] = []
    posts = ("POST /workspaces", "POST /workspaces/{id}/documents", UPSERT)
    with files.before_each_write(lambda record: written.append((record["pending"], sum(map(server.count, posts))))):
        ow.upload(many(), key="website", columns=["n"], once="crm", client=client)
    assert {sent for pending, sent in written if pending} == set(range(sum(map(server.count, posts))))


@pytest.mark.parametrize("server", [{"csv_rows": 120}], indirect=True)
def test_a_refusal_beside_a_lost_answer_takes_another_key_and_keeps_the_batch(server, client):
    server.fail(UPSERT, 500, 429, takes_effect=False)
    ow.upload(many(), key="website", columns=["n"], client=client)
    sent = [each for each in server.requests if each.path.endswith("upsert")][:3]
    first, second, third = (each.headers["idempotency-key"] for each in sent)
    assert first == second != third
    assert len({each.json()["batchId"] for each in sent}) == 1


def test_too_many_requests_are_waited_for(server, client):
    table = ow.upload(many(3), key="website", client=client)
    server.refuse(UPSERT, 429, 429)
    server.fail(UPSERT, answer({"code": "RATE_LIMITED"}, 429, headers={"Retry-After": "40"}))
    assert ow.upload(many(3), key="website", table=table).counts.updated == 3
    assert [how for _, how, _ in server.writes] == ["file", "upsert"]
    first, second, _ = (each.at for each in server.asked_for if each.route == UPSERT)
    assert second - first >= 40, "as long as the server says"


@pytest.mark.parametrize("server", [{"csv_rows": 7, "chunk_rows": 3}], indirect=True)
def test_what_is_too_large_goes_in_parts(server, client):
    table = ow.upload(many(20), key="website", columns=["n"], client=client)
    assert [len(rows) for _, _, rows in server.writes] == [7, 3, 3, 3, 3, 1]
    assert server.texts(table.id, "website") == many(20)["website"].to_list()
    assert table.counts.inserted == 20


def test_a_then_b_then_a_are_three_writes(server, client, execute):
    table = ow.upload([{"website": "a.example", "city": "Faro"}], key="website", columns=["city"], client=client)

    def write(city: str) -> None:
        ow.upload([{"website": "a.example", "city": city}], key="website", columns=["city"], table=table)

    for city in ("Porto", "Faro", "Porto"):
        execute(lambda city=city: write(city))
    assert server.texts(table.id, "city") == ["Porto"]
    assert [rows[0]["city"] for _, how, rows in server.writes if how == "upsert"] == ["Porto", "Faro", "Porto"]


def test_a_loop_in_one_cell_uploads_each_time(server, client, execute):
    def twice() -> list[str]:
        return [ow.upload(many(2), key="website", client=client).id for _ in range(2)]

    first = execute(twice)
    assert len(set(first)) == 2
    assert execute(twice) == first
    assert len(server.contents) == 2


def test_a_name_finds_the_table_and_refuses_another_list(server, client):
    first = ow.upload(many(2), key="website", once="crm", client=client)
    again = ow.upload(many(2), key="website", once="crm", client=client)
    assert (again.id, again.row_ids, again.upload_id) == (first.id, first.row_ids, first.upload_id)
    before = len(server.requests)
    with raises("NameTaken"):
        ow.upload(many(3), key="website", once="crm", client=client)
    with raises("NameTaken"):
        ow.upload(many(2), key="website", once="crm", table=first)
    assert [request.method for request in server.requests[before:]] == ["GET"] * 0
    assert len(server.writes) == 1


def test_a_list_in_another_order_is_the_same_list(server, client, companies):
    first = ow.upload(companies, key="website", columns=["zip"], once="crm", client=client)
    table = ow.upload(companies[::-1], key="website", columns=["zip"], once="crm", client=client)
    assert (table.id, table.upload_id, table.row_ids) == (first.id, first.upload_id, first.row_ids[::-1])
    assert len(server.writes) == 1
    assert ow.join_leads(companies[::-1], table, key="website").index.to_list() == [10, 20, 30, 40]
    for other in (companies.iloc[1:3], companies.assign(zip=companies["zip"].fillna("0"))):
        with raises("NameTaken"):
            ow.upload(other, key="website", columns=["zip"], once="crm", client=client)


@pytest.mark.sweep
@pytest.mark.parametrize("server", [{"csv_rows": 120}], indirect=True)
@pytest.mark.parametrize("takes_effect", [True, False])
@pytest.mark.parametrize("route", [*NEW_TABLE[1:], "POST /tables/{id}/rows/upsert"])
def test_an_upload_goes_on_with_its_rows_in_another_order(server, client, route, takes_effect):
    server.fail(route, *[reset() if takes_effect else 500] * 40, takes_effect=takes_effect)
    with pytest.raises(ow.OrigamiError):
        ow.upload(many(), key="website", columns=["n"], client=client, once="crm")
    server.heal()
    table = ow.upload(many()[::-1], key="website", columns=["n"], client=client, once="crm")
    assert sorted(server.texts(table.id, "website")) == sorted(many()["website"])
    assert len(server.contents) == 1
    assert server.enrichments == 0


def test_two_calls_under_one_name_write_once(server, client):
    async def both() -> list[str]:
        calls = [ow.aio.upload(many(2), key="website", once="crm", client=client) for _ in range(2)]
        return [table.id for table in await asyncio.gather(*calls)]

    assert len(set(asyncio.run(both()))) == 1
    assert len(server.writes) == 1


def test_a_deleted_table_is_uploaded_again(server, client, execute):
    def call() -> ow.UploadedTable:
        return ow.upload(many(2), key="website", once="crm", client=client)

    table = execute(call)
    preview = table.delete()
    assert (preview.will_delete.tables, preview.will_delete.rows, preview.deleted) == (1, 2, False)
    assert len(server.contents) == 1
    assert table.delete(confirm=True).deleted
    assert server.contents == {}
    again = execute(call)
    assert (again.id != table.id, again.upload_id != table.upload_id) == (True, True)


def _as_number(text: str) -> object:
    return int(text) if text.isdigit() else text


@pytest.mark.parametrize("server", [{"reads": str.lower}, {"reads": str.strip}, {"reads": _as_number}], indirect=True)
def test_changed_keys_are_an_error_before_anything_is_spent(server, client):
    frame = pd.DataFrame({"code": ["x", " A ", "007", "y"]})
    with raises("KeysChanged") as caught:
        ow.upload(frame, key="code", client=client)
    assert re.search(r"position [12] ", caught.value.cause)
    assert not re.search(r"\b007\b", str(caught.value))
    assert caught.value.code == "KEYS_CHANGED"
    assert (server.runs, server.enrichments) == ([], 0)


def test_a_table_that_lacks_a_column_gets_no_row(server, client):
    table = ow.upload(many(2), key="website", client=client)
    before = len(server.writes)
    with raises("InvalidInput", match="'n'"):
        ow.upload(many(2), key="website", columns=["n"], table=table)
    with raises("InvalidInput"):
        ow.upload(
            pd.DataFrame({"website": ["x"], "checked": ["y"]}),
            key="website",
            columns=["checked"],
            table=server.add_table(),
            client=client,
        )
    assert len(server.writes) == before


@pytest.mark.parametrize("code", ["AMBIGUOUS_MATCH", "MISSING_MATCH_VALUE", "DUPLICATE_MATCH_KEY"])
def test_a_refused_row_is_named_by_its_position_and_not_by_its_values(server, client, code):
    table = ow.upload(many(3), key="website", columns=["n"], client=client)
    status = 409 if code == "AMBIGUOUS_MATCH" else 400
    issues = {"issues": [{"path": "rows[1].website", "message": "1.example is bad"}]}
    server.fail(
        "POST /tables/{id}/rows/upsert",
        answer({"error": "1.example is bad", "code": code, "details": issues}, status),
    )
    with raises("Conflict" if status == 409 else "InvalidInput") as caught:
        ow.upload(many(3).iloc[::-1], key="website", columns=["n"], table=table)
    assert caught.value.code == code
    assert "position 1 " in caught.value.cause
    assert "1.example" not in str(caught.value)
    assert "1.example" not in repr(caught.value.details)


def test_uploaded_tables_bring_their_client(server, client):
    table = ow.upload(many(2), key="website", client=client)
    run = ow.start("Find phones", focus_tables=[table], show=False)
    assert server.runs[0].focus == [table.id]
    assert len(ow.leads_frame(table)) == 2
    other = ow.Client(server.key, base_url=server.base_url, project="other")
    with raises("InvalidInput", match="client"):
        ow.start("Find phones", focus_tables=[table], client=other, show=False)
    with raises("InvalidInput", match="client"):
        ow.start_many(["Find phones"], focus_tables=[table], client=other, show=False)
    elsewhere = ow.upload(many(1), key="website", client=other)
    with raises("InvalidInput", match="client"):
        ow.start("Find phones", focus_tables=[table, elsewhere], show=False)
    with raises("InvalidInput", match="client"):
        run.follow_up("More", focus_tables=[elsewhere])
    assert len(server.runs) == 1


def test_a_name_of_a_start_stands_for_the_upload_and_not_for_the_table(server, client):
    table = ow.upload(many(2), key="website", once="october", client=client)
    run = ow.start("Find phones", focus_tables=[table], once="phones", show=False)
    again = ow.upload(many(2), key="website", once="october", client=client)
    assert ow.start("Find phones", focus_tables=[again], once="phones", show=False).id == run.id
    newer = ow.upload(many(3), key="website", table=table, once="november")
    assert newer.id == table.id
    with raises("NameTaken"):
        ow.start("Find phones", focus_tables=[newer], once="phones", show=False)
    assert len(server.runs) == 1


def test_lists_are_pointed_at_enrich(server, client, companies):
    for given in (companies, companies.to_dict("records")):
        for start in (ow.start, ow.start_many):
            with raises("InvalidInput") as caught:
                start(given, client=client, show=False)
            assert "ow.enrich(" in caught.value.remedy
    assert server.requests == []
