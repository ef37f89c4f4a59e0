"""What is in the rows of a table concerns people: it reaches who asks for the rows, and no card, file or log."""

from __future__ import annotations

import json
import logging

import origami_widgets as ow


def test_rows_are_in_no_card_no_copy_and_no_log(caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "asyncio", "origami_widgets"):
        caplog.set_level(logging.DEBUG, name)
    with ow.Sandbox(speed=600).serve() as served:
        client = ow.Client(served.api_key, base_url=served.base_url)
        run = ow.start("Find bakeries in Porto", client=client, show=False).wait("cells")
        card = ow.RunCard(run)
        rows = list(client.iter_rows(run.tables[0].id))
        cells = set(_words([row.raw for row in rows]))
        shown = [
            json.dumps(card.get_state(), default=repr),
            json.dumps(card._repr_mimebundle_(), default=repr),
            run.to_html() + str(run) + repr(run) + str(run.history),
            *(f"{record.getMessage()} {vars(record)!r}" for record in caplog.records),
        ]
        card.close()
    people = {word for word in cells if "@" in word or word.startswith("http")}
    assert len(people) > len(rows) / 2, "there are addresses in it"
    assert [word for word in people if any(word in text for text in shown)] == []
    assert {"httpcore.http11", "httpx"} <= {record.name for record in caplog.records}


def _words(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _words(part)
    elif isinstance(value, str):
        yield value
