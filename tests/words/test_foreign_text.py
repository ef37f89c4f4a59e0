"""Text from outside: one line or one block, without tricks."""

import pytest
from tests.card.work import count_calls

from origami_widgets.words.foreign_text import (
    break_to_width,
    clean,
    clean_block,
    clip,
    clip_to,
    described,
    fit,
    unicode_text,
    width_of,
)

RIGHT_TO_LEFT_OVERRIDE, ISOLATE, ZERO_WIDTH, BOM, TAG = "\u202e", "\u2067", "\u200b", "\ufeff", "\U000e0041"


@pytest.mark.parametrize(
    "trick",
    [RIGHT_TO_LEFT_OVERRIDE, ISOLATE, ZERO_WIDTH, BOM, TAG, "\u061c", "\u2060", "\u00ad", "\u2065", "\U0001d173"],
)
def test_tricks_are_removed(trick):
    assert clean(f"a{trick}b", 10) == "ab"
    assert clean_block(f"a{trick}b", 10) == ("ab", False)


# What Unicode calls ignorable by default, and the marks of annotations between lines.
SHOWS_NOTHING = (
    *("\u00ad", "\u034f", "\u061c", "\u115f\u1160", "\u17b4\u17b5", "\u180b\u180f", "\u200b\u200f", "\u202a\u202e"),
    *("\u2060\u206f", "\u3164", "\ufe00\ufe0f", "\ufeff", "\uffa0", "\ufff0\ufffb", "\U0001bca0\U0001bca3"),
    *("\U0001d173\U0001d17a", "\U000e0000\U000e0fff"),
)
JOINERS = {"\u200c", "\u200d"}
SELECTORS = {*map(chr, (*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))}


@pytest.mark.parametrize("ends", SHOWS_NOTHING, ids=ascii)
def test_what_shows_nothing_is_removed_unless_letters_need_it(ends):
    for character in map(chr, range(ord(ends[0]), ord(ends[-1]) + 1)):
        text = f"\u0645{character}\u0645"
        assert clean(text, 10) == (text if character in JOINERS | SELECTORS else "\u0645\u0645"), ascii(character)


@pytest.mark.parametrize("control", ["\x00", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\t", "\n", "\r\n"])
def test_controls_become_one_blank_in_a_line(control):
    assert clean(f"a{control}b", 10) == "a b"


def test_a_block_keeps_its_lines():
    assert clean_block("a\r\nb\n\tc\x1b[31m", 40) == ("a\nb\n\tc[31m", False)


def test_joiners_stay_where_they_mean_something():
    family = "\U0001f468\u200d\U0001f469"
    persian = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    assert clean(family, 10) == family
    assert clean(persian, 20) == persian
    assert clean("pay\u200dpal\u200c", 10) == "paypal"


def test_joiners_in_a_row_join_nothing():
    assert clean("\u0915\u200d\u200d\u200c\u0937", 10) == "\u0915\u0937"


def test_marks_do_not_pile_up():
    assert clean("Z" + "\u0301" * 50, 80) == "Z" + "\u0301" * 8
    assert (
        clean("Z" + "\u0301\u0330\u20dd" * 9 + "e\u0301", 80) == "Z" + "\u0301\u0330\u20dd" * 2 + "\u0301\u0330e\u0301"
    )
    # A joiner begins no new letter, a symbol does.
    joined = "\u0645" + "\u0301" * 6 + "\u200d" + "\u0301" * 6 + "\u0645"
    assert clean(joined, 80).count("\u0301") == 8
    smiling = ("\U0001f468" + "\u0301" * 6) * 2
    assert clean(smiling, 80) == smiling
    hebrew = "\u05e9\u05c1\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd"
    assert clean(hebrew, 20) == hebrew


def test_half_an_emoji_becomes_a_character_that_encodes():
    assert clean("cut \ud83d", 10) == "cut \ufffd"
    clean("cut \ud83d", 10).encode()


def test_right_to_left_words_stay_as_they_are():
    assert clean("שלום עולם", 20) == "שלום עולם"


def test_cutting_leaves_an_ellipsis_within_the_limit():
    assert clean("word " * 100, 10) == "word word…"
    assert len(clean("x" * 100, 10)) == 10


def test_what_is_no_text_is_empty():
    assert clean(None, 5) == clean(12, 5) == clean({}, 5) == ""
    assert clean_block(None, 5) == ("", False)


def test_of_a_megabyte_only_the_beginning_is_looked_at():
    """Marks take a call each: none is spent on those that nobody sees."""
    pile = "\u0301" * 1_000_000
    assert count_calls(lambda: clean(pile, 100)) < 20
    assert count_calls(lambda: clean_block(pile, 1_000)) < 20
    assert len(clean("\u202e \n" * 500_000, 100)) <= 100
    assert clean_block("\u202ex\n" * 500_000, 1_000)[1]


def test_a_block_is_cut_where_a_paragraph_or_a_word_ends():
    assert clean_block("first one\n\nsecond one is longer", 12) == ("first one", True)
    assert clean_block("abc defghijklm", 6) == ("abc de", True)


def test_halves_of_an_emoji_are_joined_and_a_lone_one_is_replaced():
    assert unicode_text("\ud83c\udf5e and \ud83d") == "\U0001f35e and \ufffd"
    assert clean("\ud83c\udf5e and \ud83d", 20) == "\U0001f35e and \ufffd"


def test_wide_characters_are_never_split():
    assert fit("漢字漢字", 5) == "漢字…"
    assert fit("漢字", 4) == "漢字"
    assert list(break_to_width("漢字漢字a", 5)) == ["漢字", "漢字a"]


def test_what_joins_or_marks_other_characters_takes_no_column():
    assert [width_of(text) for text in ("漢字a\u0301", "\u0645\u06cc\u200c\u062e", "\u2764\ufe0f")] == [5, 3, 1]


def test_a_value_of_the_wrong_kind_is_named_without_its_content():
    assert [
        described(value) for value in (None, 3, "secret", {}, {"object": "run"}, {"object": "list", "items": []})
    ] == [
        *("None", "int", "str", "an empty dict", "a dict for the object 'run'", "a dict with the keys object, items"),
    ]
    assert described({f"key\n{number}": 1 for number in range(9)}) == (
        "a dict with the keys key 0, key 1, key 2, key 3, key 4, key 5, …"
    )


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("Porto", 5),
        ("e\u0301", 1),
        ("e\u20dd", 1),
        ("\u06cc\u200c\u062e", 2),
        ("東京", 4),
        ("ｶﾞ", 2),
        ("\uff21", 2),
        ("é", 1),
    ],
)
def test_wide_letters_take_two_columns_and_marks_and_joiners_none(text, width):
    assert width_of(text) == width


def test_what_is_cut_to_a_width_keeps_the_marks_of_its_last_letter():
    assert fit("e\u0301e\u0301e\u0301", 3) == "e\u0301e\u0301e\u0301"
    assert fit("e\u0301e\u0301e\u0301e\u0301", 3) == "e\u0301e\u0301…"
    assert list(break_to_width("東京都", 4)) == ["東京", "都"]


def test_a_text_fits_into_bytes_with_one_letter_before_the_ellipsis():
    assert [clip_to("a" * 12, size) for size in (9, 10, 14)] == ["", "a…", "a" * 12]
    assert clip_to("é" * 12, 74) == "é" * 12


def test_a_line_is_limited_in_characters_and_in_bytes():
    assert clip("  Porto\n bakeries ", 80) == "Porto bakeries"
    assert clip("a" * 12, 10) == "a" * 9 + "…"
    # Twice as many bytes as characters, but for a number of its own.
    assert clip('"' * 10, 10) == '"' * 10
    assert clip("é" * 10, 10) == "éé…"
    assert clip("a" * 12, 80, 10) == "aaa…"
