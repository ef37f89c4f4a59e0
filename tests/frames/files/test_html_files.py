"""One page for a colleague: whole in itself, the rows once, and nothing of what leads hold is markup."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.words.foreign_text import unicode_text
from tests.fixtures.hostile import CORPUS

MOST_BESIDE_THE_LEADS = 56 * 1024
FETCHING = {"audio", "base", "embed", "form", "frame", "iframe", "img", "link", "object", "source", "svg", "video"}
LINK = re.compile(r"(https?://|mailto:)[!-~]+")


class Page(HTMLParser):
    """What stands in a page: the texts of its cells, its links, its scripts and the elements that would fetch."""

    def __init__(self, file):
        super().__init__(convert_charrefs=True)
        self.source = file.read_text("utf-8")
        self.heads, self.rows, self.links, self.scripts, self.odd, self.policy = [], [], [], [], [], ""
        self.open = []
        self.said = {}
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.open.append(tag)
        self.links += [values["href"]] if "href" in values else []
        self.policy = values["content"] if values.get("http-equiv") == "Content-Security-Policy" else self.policy
        self.odd += [tag] if tag in FETCHING else []
        self.odd += [name for name, _ in attrs if name.startswith("on") or name in ("style", "src", "srcset")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag in ("meta", "input"):
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data
        elif self.open[-1:] == ["dt"]:
            self.said[data] = ""
        elif self.open[-1:] == ["dd"]:
            self.said[list(self.said)[-1]] += data


def page_of(source, folder, **options):
    (file,) = ow.export(source, folder / "leads.html", overwrite=True, **options)
    return Page(file)


def test_a_run_says_its_brief_and_date_and_that_it_is_personal_data(founders, tmp_path):
    page = page_of(founders, tmp_path)
    assert page.said["Brief"] == founders.prompt
    assert page.said["Written"].endswith("UTC")
    assert page.said["Personal data"].startswith("These leads may name people")
    assert not any("redit" in name for name in page.said)
    leads = [ow.leads_frame(founders, of=kind) for kind in ("companies", "people")]
    assert len(page.rows) == sum(map(len, leads)) + 2
    for name in (*leads[0]["company"], *leads[1]["name"]):
        assert page.source.count(f'<th scope="row">{name}</th>') == 1
    assert not re.search(r"row_id|table_id", page.source)


def test_a_cell_unfolds_to_its_confidence_reasoning_and_sources(founders, tmp_path):
    leads = ow.leads_frame(founders, of="companies")
    lead = leads[leads["contact_email"].notna()].iloc[0]
    cells = next(row for row in page_of(founders, tmp_path).rows if row[0] == lead["company"])
    assert f"{lead['contact_email']}confidence: {lead['contact_email_confidence']}" in cells[2]
    assert lead["contact_email_source_url"] in cells[2]
    missing = leads[leads["contact_email_found"].eq(False).fillna(value=False)].iloc[0]
    assert next(row for row in page_of(founders, tmp_path).rows if row[0] == missing["company"])[2].startswith(
        "not found"
    )


def test_batches_grids_tables_lists_and_frames_are_pages_too(founders, cities, sandbox, tmp_path):
    page = page_of(cities, tmp_path)
    assert {"Porto": "List bakeries in Porto", "Faro": "List bakeries in Faro"}.items() <= page.said.items()
    leads = ow.leads_frame(founders, of="companies")
    for source in (founders.tables[0], ow.leads(founders), leads, {"Founders": leads}):
        rows = page_of(source, tmp_path).rows
        assert len(rows) == len(leads) + 1
        assert rows[0][:3] == ["Company", "Fit", "Contact e-mail"]
    mine = pd.DataFrame({"Website": ["a.example", "b.example"], "Zip": ["01067", "02"]})
    found = ow.enrich(mine, "Find the owner's e-mail", key="Website", client=sandbox, show=False)
    rows = page_of(found, tmp_path).rows
    assert [row[:2] for row in rows] == [["Website", "Zip"], ["a.example", "01067"], ["b.example", "02"]]


def test_it_runs_only_its_own_script_and_loads_nothing(founders, tmp_path):
    page = page_of(founders, tmp_path)
    assert page.odd == []
    (script,) = page.scripts
    (style,) = re.findall(r"<style>(.*?)</style>", page.source, re.DOTALL)
    rules = dict(rule.split(" ", 1) for rule in page.policy.split("; "))
    assert rules["default-src"] == "'none'"
    for name, text in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|innerHTML|eval\(", script + style)


def test_beside_the_leads_it_is_small_and_each_row_stands_once(tmp_path):
    leads = pd.DataFrame({"Company": [f"Company {at}" for at in range(10_000)], "City": "Porto"})
    page = page_of(leads, tmp_path)
    rows = sum(len(f'<tr><th scope="row">{name}</th><td>Porto</td></tr>\n') for name in leads["Company"])
    assert len(page.source.encode()) - rows < MOST_BESIDE_THE_LEADS
    assert len(page.rows) == 10_001
    assert page.source.count("Company 9999") == 1
    assert page.source.count("<tbody>") == 100


@pytest.mark.sweep
@pytest.mark.sweep
@pytest.mark.parametrize("name", CORPUS)
def test_nothing_in_a_hostile_lead_is_markup_or_leads_elsewhere(name, tmp_path):
    text = CORPUS[name]
    head = unicode_text(text[:50]) or "x"
    cells = {"Company": [text, "Acme"], head: [text, "a"], "Website": [text, "javascript:alert(1)"]}
    frame = pd.DataFrame(cells, dtype=object)
    columns = [{"column": each, "name": each, "id": each, "kind": "input"} for each in map(str, frame.columns)]
    notes = {"table_id": "t", "table_columns": columns, "columns": {each["column"]: each["id"] for each in columns}}
    frame.attrs["origami"] = {"tables": [notes], "table_name": text}
    page = page_of(frame, tmp_path)
    assert page.odd == []
    assert len(page.scripts) == 1
    assert {len(row) for row in page.rows} == {3}
    assert all(LINK.fullmatch(link) for link in page.links)
    assert page.open == []


TEXTS = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "&lt;b&gt;",
    "x" * 32_000,
)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:9])
def test_a_text_is_shown_as_it_is(text, tmp_path):
    page = page_of(pd.DataFrame({"Company": [text]}), tmp_path)
    assert text in page.rows[1][0]
    assert len(page.scripts) == 1


def test_a_run_without_leads_is_a_page_that_says_so(tmp_path):
    empty = ow.Run.from_payload({"object": "run", "id": "r", "agentId": "a", "status": "completed", "prompt": "Find"})
    page = page_of(empty, tmp_path)
    assert page.rows == []
    assert page.said["Run"] == "Completed"
