"""Every field of a brief gets a value, or the brief is refused: a run costs credits."""

import datetime as dt
import json
import string
import types

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from origami_widgets.api.errors import InvalidInput
from origami_widgets.magics.variables import expand

CITIES = ["Porto", "Faro"]
NAMES = {
    "city": "Porto",
    "cities": CITIES,
    "price": 5000,
    "day": dt.date(2026, 11, 25),
    "row": types.SimpleNamespace(city="Braga"),
    "table": {"a b": "x}y", "n": {"deep": 1}},
    "count": np.int64(3),
}

EXPANDED = {
    "Bakeries in {city}": "Bakeries in Porto",
    "{ city }": "Porto",
    "under $5M, $HOME and $city": "under $5M, $HOME and $city",
    "{row.city} {cities[0]} {cities[0:1]}": "Braga Porto ['Porto']",
    "{', '.join(cities)}": "Porto, Faro",
    "{', '.join(c for c in cities if c not in city)}": "Faro",
    "{price:,} {price // 2} {day:%d.%m.}": "5,000 2500 25.11.",
    "{city!r:>9} {city!s}": "  'Porto' Porto",
    "{city == 'Faro'}": "False",
    "{city:>{len(cities) + 4}}": " Porto",
    "{table['a b']} {table['n']['deep']}": "x}y 1",
    "{{city}} {{{city}}} }}{{": "{city} {Porto} }{",
    "{count} of {len(cities)}": "3 of 2",
    "{\n  city\n}": "Porto",
    "no braces": "no braces",
    "": "",
}


@pytest.mark.parametrize("text", EXPANDED)
def test_fields_are_replaced_by_their_values(text):
    assert expand(text, NAMES, "the brief") == EXPANDED[text]


REFUSED = {
    "{town}": "No variable named town",
    "{cty}": "Did you mean {city}?",
    "{city": "A { has no partner: 'Find {city'.",
    "Find bakeries in {": "A { has no partner: 'nd Find bakeries in {'.",
    "Find {city}, {\n": "A { has no partner",
    "{{x}} and city} of {price}": "A } has no partner: 'Find {{x}} and city} of {price}'.",
    "{city != 'Faro'}": "An expression ends at : and !.",
    "{city:{price:{price:{price}}}}": "Can't read the braces in the brief",
    "{}": "Nothing between two braces",
    "{ }": "Nothing between two braces",
    '{"name": "x"}': "Invalid format specifier",
    "{the best bakers}": "Invalid Python expression",
    "{day.strftime('%H:%M')}": "An expression ends at : and !.",
    "{x := 5}": "No variable named x",
    "{cities[5]}": "IndexError: list index out of range",
    "{row.town}": "AttributeError",
    "{price:nonsense}": "Couldn't format",
    "{list}": "Got type, which prints as",
    "{len}": "Got builtin_function_or_method, which",
    "{nothing}": "The value is missing: None.",
    "{b'Porto'}": "Got bytes, which prints as",
    "{(c for c in cities)}": "prints as '<generator",
    "{lost}": "The value is missing: nan.",
    "{gone}": "The value is missing: <NA>.",
    "{frame}": "Got a whole DataFrame",
    "{json}": "Got module, which prints as",
    "{thing}": "Got object, which prints as '<object",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_field_without_a_usable_value_is_refused_with_a_reason(text):
    names = {
        **NAMES,
        "nothing": None,
        "lost": float("nan"),
        "gone": pd.NA,
        "frame": pd.DataFrame({"a": [1]}),
        "json": json,
        "thing": object(),
    }
    with pytest.raises(InvalidInput) as refused:
        expand(f"Find {text}", names, "the brief")
    assert REFUSED[text] in str(refused.value)
    assert refused.value.remedy


def test_an_error_never_repeats_a_key():
    key = "og_live_0123456789abcdef"
    for text in (f"{{{key}}}", f"{{'{key}'.missing}}", f"{{1/0, '{key}'}}", f"{{{key} {key}}}", f"{key}}}", f"{{{key}"):
        with pytest.raises(InvalidInput) as refused:
            expand(text, {}, "the brief")
        assert key not in str(refused.value)


@given(st.text(alphabet="{}ab!r$:.", max_size=40))
@example("{a!r:}{{b}}{{{b}}}")
def test_plain_names_expand_as_in_str_format(text):
    values = {"a": "A", "b": "B"}
    try:
        expected = string.Formatter().vformat(text, (), values)
    except (ValueError, LookupError, AttributeError):
        with pytest.raises(InvalidInput):
            expand(text, values, "the brief")
    else:
        assert expand(text, values, "the brief") == expected


def test_a_long_brief_with_a_brace_is_refused_quickly():
    with pytest.raises(InvalidInput, match="Invalid Python expression"):
        expand("{" + "a b }" * 2000, {}, "the brief")
