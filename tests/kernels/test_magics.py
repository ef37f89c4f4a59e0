"""The magics in every IPython that comes with these kernels, from 7.34 on Colab to the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kernels.front_end import WIDGET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kernels.front_end import FrontEnd

CELL = "%%origami --into run\nFind bakeries in {city} for $5M. scenario:slow"
STARTS = "len([path for method, path in Sandbox.asked if method == 'POST' and path.endswith('/agents')])"


@pytest.fixture
def loaded(front_end: FrontEnd) -> Iterator[FrontEnd]:
    front_end.run("%load_ext origami_widgets\ncity = 'Porto'")
    yield front_end
    front_end.run("%unload_ext origami_widgets")


def test_a_cell_starts_a_run_and_shows_its_card(loaded: FrontEnd) -> None:
    known, before = len(loaded.heard), loaded.value(STARTS)
    for _ in range(2):
        loaded.see_out(loaded.execute(CELL, cell="the-cell"))
    assert sum(WIDGET in message["content"]["data"] for message in loaded.displays(known)) == 2
    assert loaded.value("[run.prompt, _ == run]") == ["Find bakeries in Porto for $5M. scenario:slow", True]
    assert loaded.value(STARTS) == before + 1
    loaded.run("%origami cancel run")
    assert loaded.value("run.state.cancel != 'none' or run.status == 'cancelled'")


def test_an_error_of_the_server_shows_no_traceback(loaded: FrontEnd) -> None:
    cell = loaded.execute("%%origami\nFind bakeries. scenario:no_credits")
    assert loaded.see_out(cell)["ename"] == "InsufficientCredits"
    (traceback,) = (m["content"]["traceback"] for m in loaded.of(cell) if m["msg_type"] == "error")
    assert "".join(traceback).startswith("InsufficientCredits: ")
    assert "origami_widgets/" not in "".join(traceback)


def test_tab_offers_only_what_fits(loaded: FrontEnd) -> None:
    loaded.run("run = ow.start('Find bakeries', show=False)")
    for code, expected in {
        "%origami ": ["attach", "runs", "tables", "credits", "cancel", "login", "help"],
        "again = %origami att": ["attach"],
        "%origami tables ru": ["run"],
    }.items():
        assert loaded.completed(f"{code}\n", len(code))["matches"] == expected
