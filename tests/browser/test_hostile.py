"""Hostile text in the built card, in a real browser: it asks for nothing, opens nothing and runs nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbconvert import HTMLExporter

import origami_widgets
from origami_widgets.card.render.html_writer import render_html
from origami_widgets.card.render.text_writer import render_text
from tests.fixtures import hostile
from tests.fixtures.make_views import views
from tests.fixtures.states import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

BUNDLE = Path(origami_widgets.__file__).parent / "card" / "static"
SHORT = 2_000
"""What is longer tests limits, which Python holds."""
AT_ONCE = 50

# Kinds of things, which are no words: the card would show nothing of a view without them.
KINDS = frozenset({"t", "tone", "part", "connection", "cancel", "command", "state"})

MADE_OF = (
    "a article b bdi blockquote br button code details div em fieldset footer h4 header hr i input label legend li ol "
    "option p pre section select small span strong summary table tbody td th thead tr ul"
)
WITH = "class dir disabled hidden href id name open placeholder popover rel role scope style tabindex target title type"
ELEMENTS, ATTRIBUTES = frozenset(MADE_OF.split()), frozenset(WITH.split())

# A page without a clipboard, as this one, copies through a selection: all cards would be laid out anew for each button.
LOAD = """async script => {
    Object.defineProperty(navigator, "clipboard", { value: { writeText: async () => {} } });
    const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    window.card = (await import(url)).default;
}"""
# Every card is unfolded and has all its buttons pressed, so that questions and answers are drawn as well.
DRAW = """async states => {
    const found = new Set();
    const drawn = JSON.parse(states).map(state => {
        const host = document.createElement("div");
        document.body.append(host);
        const model = { comm_live: true, get: key => state[key], on() {}, off() {}, send() {} };
        const close = window.card.render({ model, el: host });
        const card = host.querySelector(".origami-widget").shadowRoot.querySelector(".origami-card");
        for (const details of card.querySelectorAll("details")) details.open = true;
        return { host, close, card };
    });
    await new Promise(requestAnimationFrame);
    for (const { host, close, card } of drawn) {
        for (const button of card.querySelectorAll("button")) button.click();
        for (const node of [card, ...card.querySelectorAll("*")]) {
            found.add(node.localName);
            for (const { name, value } of node.attributes) {
                found.add(`${node.localName} ${name}`);
                if (name === "href") found.add(`to ${value}`);
            }
            if (node.localName === "a" && !node.href.startsWith("mailto:")) found.add(`host ${new URL(node.href).host}`);
        }
        close();
        host.remove();
    }
    return [...found];
}"""

# Markup is only what lit-html makes of our templates: what else would parse some is an error, which the page keeps.
TRUSTED_TYPES = """<!doctype html><title>Cards</title><meta http-equiv="Content-Security-Policy"
    content="require-trusted-types-for 'script'; trusted-types lit-html">"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page that may ask nobody, and keeps what happened on it in `page.happened`."""
    context = browser.new_context()
    page = context.new_page()
    happened: list[str] = []
    page.happened = happened  # type: ignore[attr-defined]
    context.route("**/*", lambda route: route.abort())
    page.on("request", lambda request: None if request.url.startswith("blob:") else happened.append(request.url))
    page.on("dialog", lambda dialog: (happened.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("popup", lambda opened: happened.append(f"window {opened.url}"))
    page.on("pageerror", lambda error: happened.append(f"error {error}"))
    page.on("console", lambda message: happened.append(message.text) if message.type == "error" else None)
    page.on("framenavigated", lambda frame: happened.append(f"went to {frame.url}"))
    yield page
    context.close()


def tampered(value: Any, text: str, key: str = "") -> Any:
    """A view with `text` in the place of every word, as a saved state could hold it."""
    if isinstance(value, str):
        return value if key in KINDS else text
    if isinstance(value, dict):
        return {name: tampered(part, text, name) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [tampered(part, text, key) for part in value]
    return value


def short() -> list[str]:
    return [name for name, text in hostile.CORPUS.items() if len(text) < SHORT]


def made_by_us() -> list[Any]:
    return [hostile.view_of(name, variant) for name in hostile.CORPUS for variant in hostile.VARIANTS]


def made_by_others() -> list[Any]:
    harmless = views()
    names = ("completed", "conversation", "needs_input", "stopped", "running", "answered", "too_few_credits")
    return [tampered(harmless[name], hostile.CORPUS[text]) for text in short() for name in names]


@pytest.mark.parametrize("make", [made_by_us, made_by_others])
def test_the_live_card_shows_text_and_asks_for_nothing(page: Page, make: Any) -> None:
    page.set_content(TRUSTED_TYPES)
    page.evaluate(LOAD, (BUNDLE / "card.js").read_text(encoding="utf-8"))
    page.happened.clear()  # type: ignore[attr-defined]
    states = make()
    found: set[str] = set()
    for start in range(0, len(states), AT_ONCE):
        # As one text: Playwright would look at each value of a thousand views.
        found |= set(page.evaluate(DRAW, json.dumps(states[start : start + AT_ONCE])))
    assert page.happened == []  # type: ignore[attr-defined]
    assert only_expected(found)


def only_expected(found: set[str]) -> bool:
    for each in found:
        word, _, rest = each.partition(" ")
        if word == "to":
            assert rest.startswith(("https://", "mailto:")), rest
        elif word == "host":
            assert "@" not in rest, rest
        else:
            assert word in ELEMENTS, each
            assert not rest or rest in ATTRIBUTES or rest.startswith("aria-"), each
    return "article" in found


@pytest.fixture(scope="module")
def notebooks() -> list[nbformat.NotebookNode]:
    """One with a harmless card, and one with hostile ones."""
    texts = [view for name in short() for view in (hostile.view_of(name, "known"), hostile.view_of(name, "unknown"))]
    return [notebook_of([views()["completed"]]), notebook_of(texts)]


@pytest.mark.parametrize("sanitize", [False, True], ids=["as it is", "sanitized"])
def test_an_exported_page_asks_for_nothing_more_than_any_other(
    page: Page, notebooks: list[nbformat.NotebookNode], *, sanitize: bool
) -> None:
    asked = []
    for notebook in notebooks:
        page.set_content(HTMLExporter(sanitize_html=sanitize).from_notebook_node(notebook)[0])
        asked.append({each for each in page.happened if each.startswith("http")})  # type: ignore[attr-defined]
        assert not any("evil" in each or each.startswith(("dialog", "window")) for each in page.happened)  # type: ignore[attr-defined]
        page.happened.clear()  # type: ignore[attr-defined]
    assert asked[1] == asked[0]


def notebook_of(exported: Any) -> nbformat.NotebookNode:
    """A notebook with these cards and, as state of widgets, their views."""
    bundles = [{"text/html": render_html(view, now=NOW), "text/plain": render_text(view, now=NOW)} for view in exported]
    outputs = [nbformat.v4.new_output("display_data", data=bundle) for bundle in bundles]
    outputs += [nbformat.v4.new_output("display_data", data={"text/plain": each["text/plain"]}) for each in bundles]
    state = {"state": {f"m{n}": {"state": view} for n, view in enumerate(exported)}}
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=outputs)])
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
    return notebook


def test_the_saved_card_shows_text_and_asks_for_nothing(page: Page) -> None:
    for start in range(0, len(hostile.CORPUS), AT_ONCE):
        names = list(hostile.CORPUS)[start : start + AT_ONCE]
        cards = [render_html(hostile.view_of(name, variant), now=NOW) for name in names for variant in hostile.VARIANTS]
        page.set_content(f"<!doctype html><title>Cards</title>{''.join(cards)}")
        assert page.locator("body > div").count() == len(cards), "no card ends another"
    assert [each for each in page.happened if each != "went to about:blank"] == []  # type: ignore[attr-defined]
