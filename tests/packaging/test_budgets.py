"""What every session pays for: importing the package, and the front end that travels with each card."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.packaging.conftest import REPOSITORY

STATIC = REPOSITORY / "origami_widgets" / "card" / "static"
FRONT_END_BYTES = 56 * 1024
WIDGETS = ("card", "board", "grid")
LOADED_LATER = "leads"
"""The code of a card's leads, which the card fetches from the kernel when they are looked at."""
PAGE_STYLE = "page.css"
WEB_PAGE = ("web_page.js", "web_page.css")
"""What stands in each page of leads that `export` writes."""

LOADED = """
import json, sys
before = set(sys.modules)
import origami_widgets
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def loaded_by(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-I", "-c", code], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_import_loads_nothing_of_other_packages() -> None:
    loaded = loaded_by(LOADED)
    assert "origami_widgets" in loaded
    others = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    assert others == {"origami_widgets"}


def test_import_loads_its_version_and_no_other_module_of_this_package() -> None:
    loaded = [name for name in loaded_by(LOADED) if name.startswith("origami_widgets")]
    assert sorted(loaded) == ["origami_widgets", "origami_widgets._version"]


def test_import_does_not_load_the_slow_part_of_the_standard_library() -> None:
    slow = {"asyncio", "concurrent.futures", "email", "http", "json", "logging", "ssl", "typing_extensions", "zoneinfo"}
    code = LOADED.replace("import json, sys\n", "import sys\n").replace(
        "print(json.dumps(sorted(set(sys.modules) - before)))",
        "after = set(sys.modules)\nimport json\nprint(json.dumps(sorted(after - before)))",
    )
    assert slow.isdisjoint(loaded_by(code))


@pytest.mark.parametrize("widget", WIDGETS)
def test_the_front_end_of_a_widget_is_at_most_56_kib(widget: str) -> None:
    sizes = [(STATIC / name).stat().st_size for name in (f"{widget}.js", PAGE_STYLE)]
    assert sum(sizes) <= FRONT_END_BYTES, sizes


def test_the_front_end_is_that_of_the_widgets() -> None:
    built = {path.name for path in STATIC.iterdir() if path.suffix in {".js", ".css"}}
    assert built == {*(f"{name}.js" for name in (*WIDGETS, LOADED_LATER)), PAGE_STYLE, *WEB_PAGE}


def test_what_stands_in_a_page_of_leads_is_at_most_56_kib() -> None:
    assert sum((STATIC / name).stat().st_size for name in WEB_PAGE) <= FRONT_END_BYTES


def test_what_a_card_loads_later_is_at_most_56_kib() -> None:
    assert (STATIC / f"{LOADED_LATER}.js").stat().st_size <= FRONT_END_BYTES


@pytest.mark.parametrize("script", [*WIDGETS, LOADED_LATER])
def test_a_script_loads_no_other_file(script: str) -> None:
    code = (STATIC / f"{script}.js").read_text(encoding="utf-8")
    style = (STATIC / PAGE_STYLE).read_text(encoding="utf-8")
    # A card imports its leads from text that the kernel sent: no import names an address.
    assert re.search(r"""\b(import|from)\s*\(?\s*["'`]""", code) is None
    assert code.count("import(") <= 1
    assert "import.meta" not in code
    # A widget's own style sheet is in its script.
    for text in (code, style):
        assert "@import" not in text
        assert "url(" not in text
