"""The site as it is built: complete, whole, and content with its own files."""

from __future__ import annotations

import json
import re

import origami_widgets as ow
from notebooks.site import assistants, executed, reference
from notebooks.site.hook import PAGE_OF_LEADS
from tests.docs.built import Site, addresses_of_css


def is_foreign(address: str) -> bool:
    return address.startswith("//") or (":" in address.partition("/")[0] and not address.startswith("data:"))


def test_every_notebook_and_text_has_a_page_in_the_menu(site: Site):
    written = {path.stem for path in executed.NOTEBOOKS.iterdir() if path.suffix in {".ipynb", ".md"}}
    menu = set(site.pages["index.html"].links)
    assert {f"{name}.html" for name in written} <= menu
    assert {"contributing.html", "changelog.html"} <= menu


def test_no_link_within_it_leads_nowhere(site: Site):
    assert len(site.pages) > 10
    assert sum(len(page.links) for page in site.pages.values()) > 500
    assert site.broken() == []


def test_llms_txt_names_every_guide_and_every_name(site: Site):
    text = (site.folder / "llms.txt").read_text(encoding="utf-8")
    assert text.startswith("# origami_widgets\n\n> ")
    links = re.findall(r"\]\(([^)]+)\): \S", text)
    assert len(links) == text.count("\n- [")
    places = [link.removeprefix(assistants.HOME).partition("#") for link in links]
    assert [link for link, (page, _, _) in zip(links, places, strict=True) if page not in site.pages] == []
    assert [
        link
        for link, (page, _, name) in zip(links, places, strict=True)
        if name and name not in site.pages[page].anchors
    ] == []
    reported = {name.removeprefix("origami_widgets.") for _, _, name in places}
    assert reported >= set(ow.__all__) - reference.ALONE
    written = {path.stem for path in executed.NOTEBOOKS.iterdir() if path.suffix in {".ipynb", ".md"}}
    assert {f"{name}.html" for name in written} <= {page for page, _, _ in places}


def test_a_browser_loads_nothing_from_elsewhere(site: Site):
    fetched = {place: page.fetched for place, page in site.pages.items()}
    # The page of leads is one file.
    assert [place for place, wanted in fetched.items() if not wanted] == [PAGE_OF_LEADS]
    assert {
        place: list(filter(is_foreign, wanted)) for place, wanted in fetched.items() if any(map(is_foreign, wanted))
    } == {}
    styles = {path: list(addresses_of_css(path.read_text(encoding="utf-8"))) for path in site.folder.rglob("*.css")}
    assert styles
    assert [address for wanted in styles.values() for address in wanted if is_foreign(address)] == []


def test_cards_are_shown_as_the_copy_that_a_saved_notebook_holds(site: Site):
    page = (site.folder / "quickstart.html").read_text(encoding="utf-8")
    assert page.count('<template shadowrootmode="open"><div style="box-sizing:border-box') == 2
    assert "Completed" in site.pages["quickstart.html"].text
    assert "@@" not in site.pages["quickstart.html"].text


def test_plots_are_pictures_that_say_what_they_show(site: Site):
    page = (site.folder / "analysis.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 5
    assert '<img alt="Funnel: 2 tables.' in page


def test_search_has_its_index_beside_it(site: Site):
    index = json.loads((site.folder / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {entry["location"] for entry in index["docs"] if "follow_up" in entry["title"]}
    assert "reference/runs.html#origami_widgets.Run.follow_up" in found


def test_every_public_name_has_one_place_in_the_reference():
    assert reference.without_a_place() == [], "Add each to its page in notebooks/reference."
    listed = [name for group in reference.groups() for name in group.names]
    assert sorted(listed) == sorted(set(listed) & set(ow.__all__))


def test_each_public_name_is_described_where_it_has_its_place(site: Site):
    places = reference.places()
    assert [name for name, place in places.items() if f"origami_widgets.{name}" not in site.pages[place].anchors] == []


def test_a_function_with_an_awaited_twin_lists_its_arguments(site: Site):
    text = site.pages["reference/own-list.html"].text
    assert "enrich ( frame :" in text
    assert "given : Any" not in text


def test_magics_commands_and_codes_are_listed(site: Site):
    assert "%origami attach AGENT_ID/RUN_ID" in site.pages["reference/magics.html"].text
    assert "usage: origami-widgets watch" in site.pages["reference/commands.html"].text
    assert "completed : int | None" in site.pages["reference/client.html"].text
    assert "INSUFFICIENT_CREDITS InsufficientCredits" in site.pages["reference/errors.html"].text
