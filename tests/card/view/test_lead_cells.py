"""Leads as the front end draws them: three states of a cell, its parts, and what differs from what was sent before."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api.models.table import Column, FlatRow
from origami_widgets.card.view.lead_cells import (
    COLUMNS_LIMIT,
    ITEMS_LIMIT,
    PART_LIMIT,
    PARTS_LIMIT,
    TEXT_LIMIT,
    cell_words,
    changed_rows,
    count_words,
    distinct_names,
    failures_of_run,
    hidden_mark,
    in_reading_order,
    make_cells,
    make_heads,
    shown_columns,
    value_text,
    with_off,
)
from tests.card.render.test_hostile import TRICKS, strings
from tests.fixtures import hostile


def column(slug="email", kind="enrichment", **more):
    return Column.from_raw({"slug": slug, "name": slug.title(), "kind": kind, **more})


def cell_of(value, kind="enrichment"):
    (cell,) = make_cells(FlatRow.from_raw({"id": "r", "email": value}), in_reading_order([column(kind=kind)]))
    return cell


def missing(kind):
    (cell,) = make_cells(FlatRow.from_raw({"id": "r"}), in_reading_order([column(kind=kind)]))
    return cell


# Three states


def test_a_cell_that_is_missing_may_still_come():
    assert missing("enrichment") is None
    assert missing("score") is None


def test_what_nobody_typed_in_is_empty():
    assert missing("input") == ""


@pytest.mark.parametrize("value", [None, "", " ", [], {}, {"email": None}])
def test_a_cell_that_looked_and_found_nothing_is_empty(value):
    assert cell_of(value) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a@b.example", "a@b.example"),
        (" two\nlines ", "two lines"),
        (0, "0"),
        (12.5, "12.5"),
        (True, "yes"),
        (False, "no"),
        (["Porto", None, "Faro"], "Porto, Faro"),
        ({"email": "a@b.example"}, "a@b.example"),
        ([{"name": "Ana"}, {"name": "Rui"}], "Ana, Rui"),
        ("https://www.bakery.example", "bakery.example"),
        ("https://bakery.example/contact", "https://bakery.example/contact"),
        (48_000, "48,000"),
        (2_026, "2026"),
        (10**101, "very large number"),
        (float("nan"), "NaN"),
    ],
)
def test_a_value_is_a_text(value, text):
    assert cell_words(cell_of(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"amount_usd": 1_200_000, "stage": "seed"}, "$1,200,000"),
        ({"price_eur": -9.5}, "-€9.50"),
        ({"amount": 1_200.0, "currency": "CHF"}, "1,200 CHF"),
        ({"growth_pct": 31.5}, "31.5 %"),
        ({"zip_code": 10_115}, "10115"),
        ({"house_no": 12_345}, "12345"),
        ({"number": 48_000}, "48,000"),
        ({"phone": 351_220_000}, "351220000"),
        ({"announced_at": "2026-07-21T09:14:02Z"}, "2026-07-21 09:14 UTC"),
        ({"announced_on": "2026-07-21"}, "2026-07-21"),
    ],
)
def test_a_value_is_written_as_a_person_reads_it(value, text):
    cell = cell_of(value)
    assert (cell["text"] if isinstance(cell, dict) else cell) == text


def test_a_part_is_written_as_a_cell_is():
    cell = cell_of({"email": "a", "revenue_usd": 2_500_000})
    assert [tuple(part) for part in cell["parts"]] == [("Revenue", "$2,500,000", "")]


def test_a_drafted_sequence_is_no_id_to_read():
    sequence = "0f8a2b1c-11aa-4bcd-a111-0123456789ab"
    assert cell_of({"sequenceId": sequence}, "sequence") == {
        "text": "drafted",
        "href": "",
        "confidence": "",
        "parts": [("To read it with your client", f'client.request("GET", "/sequences/{sequence}")', "")],
    }
    other = cell_of({"sequenceId": "another kind of id", "campaignId": 7}, "sequence")
    assert other["parts"] == [("Sequence ID", "another kind of id", ""), ("Campaign ID", "7", "")]
    assert cell_of(sequence, "sequence") == "drafted"
    assert cell_of({"sequenceId": None}, "sequence") == ""
    assert cell_of({"subject": "Hello", "sequenceId": sequence}, "sequence")["text"] == "Hello"


@given(st.integers(-(10**90), 10**90), st.sampled_from(["", "amount_usd", "share_pct", "zip"]))
def test_no_digit_of_a_whole_number_is_lost(value, key):
    assert "".join(filter(str.isdigit, value_text(value, key))) == str(abs(value))


# Parts


ENRICHED = {
    "email": "ana@b.example",
    "confidence": "high",
    "reasoning": "It stands on the contact page.",
    "email_source_url": "https://b.example/contact",
}


def test_an_enrichment_opens_to_its_parts():
    cell = cell_of(ENRICHED)
    assert (cell["text"], cell["confidence"]) == ("ana@b.example", "high")
    assert [tuple(part) for part in cell["parts"]] == [
        ("Reasoning", "It stands on the contact page.", ""),
        ("E-mail source", "https://b.example/contact", "https://b.example/contact"),
    ]


def test_what_was_not_found_opens_too():
    cell = cell_of(ENRICHED | {"email": ""})
    assert cell["text"] == ""
    assert [part.label for part in cell["parts"]] == ["Reasoning", "E-mail source"]


def test_each_source_of_a_list_is_a_part_of_its_own():
    cell = cell_of({"email": "a", "sources": ["https://a.example", "https://b.example", "", None]})
    assert [(part.label, part.href) for part in cell["parts"]] == [
        ("Source", "https://a.example"),
        ("Source", "https://b.example"),
    ]


@pytest.mark.parametrize("href", ["javascript:alert(1)", "http://a.example", "data:text/html,x", "//a.example"])
def test_only_an_address_that_was_checked_is_a_link(href):
    (part,) = cell_of({"email": "a", "source_url": href})["parts"]
    assert part.href == ""


@pytest.mark.parametrize("confidence", ["certain", 1, None, ["high"]])
def test_a_confidence_of_another_kind_is_no_level(confidence):
    assert cell_of({"email": "a", "stage": "x", "confidence": confidence})["confidence"] == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"city": "Évora", "zip_code": 10_115, "fax": None}, "City: Évora, Zip code: 10115"),
        ([{"name": "Ana", "raised_usd": 1_200_000}, {"name": "Rui"}], "Name: Ana, Raised: $1,200,000; Name: Rui"),
        (["Porto", None, "Faro"], "Porto, Faro"),
        ({"place": {"city": {"name": "Évora"}}}, 'Place: City: {"name": "Évora"}'),
    ],
)
def test_objects_and_lists_inside_are_read_by_their_labels(value, text):
    cell = cell_of({"email": "a", "details": value})
    assert tuple(cell["parts"][0])[:2] == ("Details", text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([{"n": at} for at in range(ITEMS_LIMIT)], "; N: 23"),
        ([{"n": at} for at in range(ITEMS_LIMIT + 1)], "; N: 23; …"),
        (list(range(ITEMS_LIMIT + 1)), ", 23, …"),
    ],
)
def test_a_long_list_inside_says_that_it_was_cut(value, text):
    assert cell_of({"email": "a", "details": value})["parts"][0].text.endswith(text)


def test_a_cell_is_bounded():
    long = "w" * 10_000
    cell = cell_of({"email": long, "reasoning": long, **{f"part{at}": long for at in range(200)}})
    assert len(cell["text"]) <= TEXT_LIMIT
    assert len(cell["parts"]) == PARTS_LIMIT
    assert max(len(part.text) for part in cell["parts"]) <= PART_LIMIT
    assert max(len(part.label) for part in cell["parts"]) <= 40


@pytest.mark.sweep
@pytest.mark.parametrize("name", hostile.CORPUS)
def test_hostile_text_stays_clean_text(name):
    text = hostile.CORPUS[name]
    cells = [
        cell_of(value) for value in (text, [text], {"email": text, text: text, "sources": [text]}, {text: {text: text}})
    ]
    heads = make_heads(in_reading_order([column(name=text, kind=text)]), [[cell] for cell in cells])
    for each in strings([cells, [{**head, "slug": ""} for head in heads]]):
        assert not TRICKS.search(each)
    json.dumps([cells, heads])


# Heads


def test_heads_say_the_share_that_was_found():
    columns = [column("name", "input"), column("email"), column("fit", "score", cells={"running": 2})]
    email = {"text": "a@b", "href": "", "confidence": "", "parts": []}
    rows = [["A", None, email], ["B", None, ""], ["", "10", None]]
    heads = make_heads(in_reading_order(columns), rows)
    assert [(head["slug"], head["kind"], head["share"], head["filling"], head["filters"]) for head in heads] == [
        ("name", "input", 0.667, False, True),
        ("fit", "score", 0.333, True, False),
        ("email", "enrichment", 0.333, False, False),
    ]
    assert heads[2]["details"] == "1 of 3 read"
    assert [(head["role"], head["is_number"]) for head in heads] == [("name", False), ("score", True), ("email", False)]


def test_chosen_columns_are_on_beside_the_first_and_else_all_but_the_website_of_a_name():
    def off(slugs, is_chosen=None):
        heads = make_heads(in_reading_order([column(slug, "input") for slug in slugs]), [])
        return [head["slug"] for head in with_off(heads, is_chosen) if head["off"]]

    assert off(["name", "website", "city"]) == ["website"]
    # Nothing else names a lead.
    assert off(["website", "city"]) == []
    assert off(["name", "website", "city"], lambda slug, _: slug == "website") == ["city"]


def test_what_a_follow_up_added_stands_behind_name_and_score_the_newest_first():
    slugs = {"name": "input", "email": "enrichment", "news": "enrichment", "fit": "score", "founder": "enrichment"}
    columns = [column(slug, kind, id=slug) for slug, kind in slugs.items()]
    own = [each.slug for each, _ in in_reading_order(columns, own=True, added=["founder", "news"])]
    assert [each.slug for each, _ in in_reading_order(columns)] == ["name", "fit", "email", "news", "founder"]
    found = in_reading_order(columns, added=["founder", "news"])
    assert [each.slug for each, _ in found] == own == ["name", "fit", "founder", "news", "email"]
    assert [role for _, role in found] == ["name", "score", "other", "other", "email"]


def test_addresses_are_links_where_the_column_is_for_them():
    values = {"name": "A", "website": "https://a.example/", "email": "ana@a.example", "notes": "https://a.example/"}
    columns = [column(slug, "input") for slug in values]
    assert make_cells(FlatRow.from_raw({"id": "r", **values}), in_reading_order(columns)) == [
        "A",
        ("ana@a.example", "mailto:ana@a.example"),
        ("https://a.example/", "https://a.example/"),
        "https://a.example/",
    ]
    (unsafe,) = make_cells(
        FlatRow.from_raw({"id": "r", "website": "https://a@b.example"}), in_reading_order([column("website", "input")])
    )
    assert unsafe == "a@b.example"


@pytest.mark.parametrize(
    ("errored", "is_stopped", "words"),
    [(0, False, "no result"), (2, False, "failed"), (1, False, "no result"), (1, True, "stopped"), (2, True, "failed")],
)
def test_a_cell_without_result_says_why_as_far_as_the_server_does(errored, is_stopped, words):
    failing, rows = column(cells={"running": 0, "errored": errored}), [[None], ["a"], [None]]
    stopped = {failing.id} if is_stopped else ()
    (head,) = make_heads(in_reading_order([failing]), rows, stopped=stopped)
    assert head["missing"] == words
    of_run = failures_of_run([(in_reading_order([failing]), rows, stopped)])
    assert [each.missing for each in of_run.values()] == [words] * bool(errored or is_stopped)


@pytest.mark.parametrize(
    ("verdicts", "cell", "mark"),
    [
        ({"pass": 3, "fail": 2, "unsure": 1}, {"fit": 59}, "hidden"),
        ({"pass": 3, "fail": 2, "unsure": 1}, {}, "unjudged"),
        ({"pass": 3, "fail": 0, "unsure": 1}, {"fit": 59}, "unsure"),
        ({"pass": 3, "fail": 0, "unsure": 0}, {"fit": 59}, "hidden"),
        (None, {"fit": 59}, "hidden"),
        (None, {}, "unjudged"),
    ],
)
def test_a_lead_outside_the_brief_is_marked_with_what_is_known_of_its_verdict(verdicts, cell, mark):
    judging = column("fit", "score", qualification=verdicts)
    row = FlatRow.from_raw({"id": "r", **cell})
    assert hidden_mark(row, [column(), judging]) == mark
    # Nothing is known where no column judges, or several do.
    assert hidden_mark(row, [column()]) == hidden_mark(row, [judging, column("other", "score")]) == "hidden"


def test_without_a_lead_there_is_no_share():
    (head,) = make_heads(in_reading_order([column()]), [])
    assert (head["share"], head["details"]) == (None, "")


def test_columns_without_a_slug_have_no_cells_and_very_many_are_not_shown():
    assert shown_columns([Column.from_raw({"name": "x"})]) == []
    assert len(shown_columns([column(f"c{at}") for at in range(300)])) == COLUMNS_LIMIT


# Counts


@pytest.mark.parametrize(
    ("shown", "leads", "said"),
    [
        (3, 3, "3 leads"),
        (1, None, "1 lead"),
        (200, 1_240, "200 of 1,240 leads"),
        (20, 8, "8 leads"),
        (0, 8, "0 of 8 leads"),
    ],
)
def test_how_many_leads_are_shown(shown, leads, said):
    assert count_words(shown, leads) == said


# Changes


def applied(before, rows, changes):
    """What a front end holds after it was sent these rows and changes."""
    known = {row_id: list(cells) for row_id, cells in before}
    page = [(row.id, list(known[row.id]) if row.cells is None else list(row.cells)) for row in rows]
    for change in changes:
        page[change.row][1][change.column] = change.cell
    return page


opened = st.fixed_dictionaries({"text": st.text(max_size=2), "confidence": st.just(""), "parts": st.just([])})
cells = st.lists(st.none() | st.sampled_from(["", "a", "b"]) | opened, min_size=0, max_size=3)
pages = st.lists(st.tuples(st.sampled_from("abcdefgh"), cells), max_size=6, unique_by=lambda row: row[0])


@given(pages, pages)
def test_the_changes_give_the_new_page(before, after):
    rows, changes = changed_rows(dict(before), after)
    assert applied(before, rows, changes) == [(row_id, list(cells)) for row_id, cells in after]


@given(pages, pages)
def test_no_cell_is_sent_that_is_as_it_was(before, after):
    rows, changes = changed_rows(dict(before), after)
    known = dict(before)
    for change in changes:
        assert known[rows[change.row].id][change.column] != change.cell
    for row in rows:
        assert row.cells is None or row.id not in known or len(known[row.id]) != len(row.cells)


def test_an_object_without_its_main_part_shows_what_was_found():
    assert value_text({"email": None, "phone": "+351 555 0100"}, "contact") == "+351 555 0100"
    assert value_text({"email": "a@b.example", "phone": "+351 555 0100"}, "contact") == "a@b.example"


def test_runs_of_one_name_are_told_apart_by_their_briefs_or_by_numbers():
    assert distinct_names([("Porto", "Find bakeries"), ("Porto", "Find cafés"), ("Faro", "Find bakeries")]) == [
        *("Find bakeries", "Find cafés", "Faro"),
    ]
    assert distinct_names([("Porto", "Find bakeries")] * 2) == ["Porto (1)", "Porto (2)"]
    assert distinct_names([("Porto", "Find bakeries"), ("Porto", "")]) == ["Porto (1)", "Porto (2)"]
