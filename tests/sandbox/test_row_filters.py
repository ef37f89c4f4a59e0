"""Filters and sort of rows."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
async def ask(session):
    run = await session.finished("Find 40 cheese makers")
    path = f"/tables/{run['response']['tables'][0]['id']}/rows"

    async def ask(**params):
        text = {name: value if isinstance(value, str) else json.dumps(value) for name, value in params.items()}
        return await session.http.get(path, params={"limit": "200", "cells": "flat", **text})

    return ask


async def flat(ask, **params):
    return (await ask(defaults="false", **params)).json()["items"]


def on(column, operator, value):
    return [{"column": column, "operator": operator, "value": value}]


async def test_comparisons_of_numbers(ask):
    everyone = await flat(ask)
    middle = sorted(row["employees"] for row in everyone)[20]
    for operator, test in (
        ("equals", lambda n: n == middle),
        ("not_equals", lambda n: n != middle),
        ("greater_than", lambda n: n > middle),
        ("greater_than_or_equal", lambda n: n >= middle),
        ("less_than", lambda n: n < middle),
        ("less_than_or_equal", lambda n: n <= middle),
    ):
        for value in (middle, str(middle)):
            got = await flat(ask, filters=on("employees", operator, value))
            assert got == [row for row in everyone if test(row["employees"])], operator


async def test_emptiness_of_an_object_is_that_of_its_main_field(ask):
    everyone = await flat(ask)
    empty = [row for row in everyone if (row.get("contact-email") or {}).get("email") is None]
    assert 0 < len(empty) < len(everyone)
    assert await flat(ask, filters=on("contact-email", "is_empty", "")) == empty
    full = [row for row in everyone if row not in empty]
    assert await flat(ask, filters=on("contact-email", "is_not_empty", "")) == full


async def test_filters_are_joined_by_and(ask):
    both = on("fit", "greater_than", 60) + on("employees", "less_than", 50)
    got = await flat(ask, filters=both)
    assert got
    assert all(row["fit"] > 60 and row["employees"] < 50 for row in got)


@pytest.mark.sweep
@pytest.mark.parametrize("value", [None, True, [], {}, ["a"], {"a": 1}, "", "NaN", 1e308, 10**400, "ü" * 500])
async def test_any_value_is_answered(ask, value):
    for operator in ("contains", "not_contains", "equals", "not_equals", "greater_than", "less_than_or_equal"):
        for column in ("company", "employees", "contact-email", "hiring", "first-email"):
            answer = await ask(filters=on(column, operator, value))
            assert answer.status_code == (400 if column == "hiring" else 200)


async def test_sorting_by_numbers_words_and_objects_puts_empty_cells_last(ask):
    for direction in ("asc", "desc"):
        down = direction == "desc"
        fits = [row.get("fit") for row in await flat(ask, sort={"column": "fit", "direction": direction})]
        assert fits == sorted((fit for fit in fits if fit is not None), reverse=down) + [None] * fits.count(None)
        got = await flat(ask, sort={"column": "contact-email", "direction": direction})
        emails = [(row.get("contact-email") or {}).get("email") for row in got]
        filled = [email for email in emails if email is not None]
        assert emails == sorted(filled, reverse=down) + [None] * (40 - len(filled))


@pytest.mark.parametrize(
    "filters",
    ["", "{", "{}", "null", "[1]", '[{"column":"fit"}]', '[{"column":"fit","operator":"equals"}]', "[" * 3000]
    + [json.dumps(on("fit", operator, 1)) for operator in ("like", None, ["equals"])]
    + [json.dumps(on(column, "equals", 1)) for column in (None, 5, ["fit"])]
    + ['[{"column":"fit","operator":"equals","value":NaN}]'],
)
async def test_malformed_filters(ask, filters):
    answer = await ask(filters=filters)
    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_FILTERS")


async def test_unknown_columns(ask):
    for params in (
        {"filters": on("nothing", "equals", 1)},
        {"filters": on("Company", "equals", 1)},
        {"sort": {"column": "nothing", "direction": "asc"}},
    ):
        answer = await ask(**params)
        assert (answer.status_code, answer.json()["code"]) == (400, "UNKNOWN_COLUMN")
