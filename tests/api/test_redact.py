"""A key is found in every form that it comes back in, and nothing else is taken for one."""

from __future__ import annotations

import base64
import html
import json
import logging
import logging.config
import re
import urllib.parse

import pytest

from origami_widgets.api.secret import HIDDEN, hide_all, hide_key, hide_keys_in_logs, holds_key
from tests.api.conftest import KEY
from tests.support.server import answer


def base64_after(before: str) -> str:
    return base64.b64encode(f"{before}{KEY} and more".encode()).decode()


FORMS = {
    "plain": KEY,
    "in a header": f"Bearer {KEY}",
    "in small letters": KEY.lower(),
    "in an address": urllib.parse.quote(KEY).replace("_", "%5F"),
    "escaped as an address": "".join(f"%{ord(letter):02X}" for letter in KEY),
    "escaped as JSON": "".join(f"\\u{ord(letter):04x}" for letter in KEY),
    "escaped as JSON in capitals": "".join(f"\\u{ord(letter):04X}" for letter in KEY),
    "a letter of it escaped": KEY.replace("4", "\\u0034"),
    "references": "".join(f"&#{ord(letter)};" for letter in KEY),
    "hexadecimal references": "".join(f"&#x{ord(letter):X};" for letter in KEY),
    "base64": base64_after(""),
    "base64 after one letter": base64_after("x"),
    "base64 after two letters": base64_after("xy"),
    "base64 of a header": base64_after("Authorization: Bearer "),
}


def plain(text: str) -> str:
    """The text with every escape undone."""
    unescaped = html.unescape(urllib.parse.unquote(json.loads(f'"{text}"')))
    letters = re.sub(r"[^A-Za-z0-9+/]", "", text)
    shifted = (letters[start:] for start in range(4))
    return unescaped + "".join(base64.b64decode(part[: len(part) // 4 * 4]).decode("latin-1") for part in shifted)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_it_is_found_in_every_form(form):
    part = KEY[12:28].lower()
    assert part in plain(form).lower(), "the search for it can find it"
    for hidden in (hide_key(f"said {form} twice".encode(), KEY).decode(), hide_all(f"said {form} twice")):
        assert hidden.startswith("said ")
        assert HIDDEN in hidden
        assert part not in plain(hidden).lower()


def test_another_word_that_looks_like_a_key_is_data():
    said = b'{"slug": "blog_live_posts", "note": "og_live_somebodyelses0000", "b": "b2dfbGl2ZV9ub3R0aGVrZXk="}'
    assert hide_key(said, KEY) == said


def test_what_is_asked_for_is_still_an_answer(server, client):
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    server.plan(answer(f'{{"object": "credits", "balance": 7, "note": "{escaped}", "slug": "blog_live_posts"}}'))
    told = client.get_credits()
    assert told.raw == {"object": "credits", "balance": 7, "note": HIDDEN, "slug": "blog_live_posts"}


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        (KEY, True),
        (f"Use {KEY} for it", True),
        ("og_live_short", True),
        ("OG_LIVE_SHORT", True),
        ("blog_live_posts_of_the_week", False),
        ("Which keys begin with og_live_?", False),
    ],
)
def test_what_is_taken_for_a_key_in_an_argument(value, is_one):
    assert holds_key(value) is is_one


@pytest.mark.parametrize(
    ("message", "args"),
    [
        ("HTTP Request: %s %s", ("GET", "https://example.com/blog?live=%5F")),
        ("a mapping: %(a)s", ({"a": 1},)),
        ("too few: %s %s", ("one",)),
        (ValueError("no text"), ()),
    ],
)
def test_other_users_of_the_library_lose_no_line_and_no_word(client, message, args):
    hide_keys_in_logs()
    record = logging.LogRecord("httpx", logging.INFO, __file__, 1, message, args, None)
    before = vars(record).copy()
    assert logging.getLogger("httpx").filter(record)
    assert vars(record) == before


def test_the_logs_stay_without_it_when_they_are_configured_anew(server, client, capfd):
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"late": {"class": "logging.StreamHandler"}},
            "loggers": {name: {"level": "DEBUG", "handlers": ["late"]} for name in ("httpx", "httpcore")},
        }
    )
    try:
        server.plan(answer({}, headers={"X-Echo": f"Bearer {KEY}", "X-Coded": base64_after("x")}))
        client.get_credits()
        written = capfd.readouterr().err
    finally:
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).setLevel(logging.NOTSET)
    assert "receive_response_headers.complete" in written
    assert f"(b'X-Echo', b'Bearer {HIDDEN}')" in written
    assert KEY not in written
    assert base64_after("x")[4:30] not in written


def test_one_filter_is_enough(client):
    hide_keys_in_logs()
    hide_keys_in_logs()
    assert len(logging.getLogger("httpcore.http11").filters) == 1
