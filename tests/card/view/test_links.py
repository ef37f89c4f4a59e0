"""Which addresses become links."""

import pytest

from origami_widgets.card.view.notices import product_link
from origami_widgets.words.foreign_text import host_of, safe_href

GOOD = [
    "https://origami.chat/workspace/1?table=2#x",
    "https://docs.origami.chat",
    "https://example.com:8443/a(b)",
    "HTTPS://Example.COM/",
    "https://[2001:db8::1]/",
    "https://xn--mnchen-3ya.example/",
    "mailto:sales@example.com",
]
BAD = [
    "http://origami.chat/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>",
    "vbscript:x",
    "//evil.example/",
    "/relative",
    "origami.chat",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https://",
    "https://origami.chat@evil.example/",
    "https://user:pass@origami.chat/",
    "https://origami.chat\\@evil.example/",
    "https://\u043erigami.chat/",  # Cyrillic o
    "https://origami\uff0echat/",  # full-width dot
    "https://origami.chat\u202e/",
    "https://origami.chat/ x",
    "https://origami.chat:port/",
    "https://origami.chat:99999/",
    "https://ori gami.chat",
    "https://-evil.example/",
    "https://ev%69l.example/",
    "https://[::1",
    "https://origami.chat/" + "x" * 600,
    "mailto:",
    "mailto:a@b?bcc=everyone@example.com",
    "mailto:a b@example.com",
    "ftp://example.com/",
    "file:///etc/passwd",
    "blob:https://origami.chat/1",
    "",
    None,
    7,
]


@pytest.mark.parametrize("address", GOOD)
def test_accepted(address):
    assert safe_href(address) == address


@pytest.mark.parametrize("address", BAD)
def test_refused(address):
    assert safe_href(address) is None
    assert product_link(address, "Open") is None


@pytest.mark.parametrize(
    "address",
    ["https://origami.chat.evil.example/", "https://evilorigami.chat/", "https://origami.chat.:443.evil.example/"],
)
def test_look_alikes_are_named_or_refused(address):
    link = product_link(address, "Open in Origami")
    assert link is None or host_of(address) in link["label"]


def test_the_product_and_its_subdomains_keep_their_words():
    assert product_link("https://origami.chat/x", "Open")["label"] == "Open"
    assert product_link("https://APP.origami.chat/x", "Open")["label"] == "Open"


def test_of_a_long_host_the_owner_is_shown():
    label = product_link(f"https://{'origami-chat.' * 12}evil.example/", "Open")["label"]
    assert label.endswith("evil.example)")
    assert len(label) < 80
