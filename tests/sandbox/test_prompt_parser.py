"""What a prompt asks for."""

from __future__ import annotations

import pytest

from origami_widgets.sandbox.prompt_parser import parse_prompt, scenario_names, slugify


@pytest.mark.parametrize(
    ("prompt", "title", "lead_target"),
    [
        ("Find 20 SaaS founders in Austin who raised seed in the last 6 months", "SaaS founders in Austin", 20),
        ("List 15 family-run bakeries in Porto with a web shop and their e-mail.", "Family-run bakeries in Porto", 15),
        ("Please find me wholesale partners.", "Wholesale partners", 24),
        ("500 dentists near New York City", "Dentists in New York City", 60),
        ("2 florists", "Florists", 5),
        ("scenario:errored", "Companies", 24),
        ("   ", "Companies", 24),
        ("🍞🍞🍞", "🍞🍞🍞", 24),
    ],
)
def test_topic_place_and_number(prompt, title, lead_target):
    parsed = parse_prompt(prompt)
    assert (parsed.title, parsed.lead_target) == (title, lead_target)


def test_titles_are_short():
    assert len(parse_prompt("Find " + "x" * 9000).title) == 60


def test_scenarios_are_read_anywhere_and_in_any_case():
    assert scenario_names("a scenario:Filling, b (SCENARIO:null_response)") == ["filling", "null_response"]
    assert scenario_names("microscenario:x scenario: y") == []


def test_slugs():
    assert slugify("People at SaaS founders, 2") == "people-at-saas-founders-2"
    assert slugify("🍞") == "table"
