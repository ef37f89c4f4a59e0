"""The code of `coming-from.md` is run as it stands: ours on the sandbox, the loop of httpx against it, magics in IPython."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import origami_widgets as ow
from notebooks.site.executed import NOTEBOOKS

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (NOTEBOOKS / "coming-from.md").read_text(encoding="utf-8")
HTTPX = "From requests or httpx"


def blocks(kind: str, heading: str = "") -> list[str]:
    """The code of the page, or of one of its sections."""
    text = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0] if heading else PAGE
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def default_client() -> Iterator[None]:
    yield
    ow.configure()


@pytest.mark.usefixtures("default_client")
async def test_our_code_runs():
    names: dict[str, Any] = {}
    for block in blocks("python"):
        exec(block, names)  # noqa: S102 - our own examples
    assert names["run"].settled
    assert not names["leads"].empty
    assert (await names["bakeries"]())[0].lead_count > 0


def test_the_loop_that_it_is_compared_with_does_what_it_says(monkeypatch):
    (loop,) = blocks("py", HTTPX)
    with ow.Sandbox(speed=600).serve() as served:
        monkeypatch.setenv("ORIGAMI_API_KEY", served.api_key)
        names: dict[str, Any] = {}
        exec(loop.replace("https://origami.chat/api/v2", served.base_url), names)  # noqa: S102 - our own example
        names["api"].close()
    assert names["run"]["status"] == "completed"
    assert names["tables"]


@pytest.mark.usefixtures("default_client")
def test_the_magics_run():
    first, *cells = [blocks("python")[0], *blocks("ipython")]
    assert len(cells) == 3
    shell = InteractiveShell()
    try:
        for cell in (first, *cells):
            shell.run_cell(cell).raise_error()
        assert not shell.user_ns["companies"].empty
    finally:
        shell.reset(new_session=False)
        shell.history_manager.end_session()
