"""From notebooks, docstrings and links of the repository to pages."""

from __future__ import annotations

import nbformat
import pytest

from notebooks.site.docstrings import with_examples
from notebooks.site.executed import NOTEBOOKS, names
from notebooks.site.hook import LINK, place_of
from notebooks.site.pages import output_html, page_of, with_outputs

v4 = nbformat.v4
CARD = '<div style="box-sizing:border-box;margin:2px 0;border:1px solid grey">A card\n\nwith <b>lines</b></div>'


def shown(**data: str) -> nbformat.NotebookNode:
    return v4.new_output("display_data", {name.replace("_", "/", 1): value for name, value in data.items()})


def test_outputs_stay_out_of_the_markdown():
    cell = v4.new_code_cell("run", outputs=[v4.new_output("stream", text="1 < 2\n"), shown(text_html=CARD)])
    page = page_of(v4.new_notebook(cells=[v4.new_markdown_cell("# Title\n\nText."), cell]), "a.ipynb")
    assert page.markdown.startswith("# Title\n\n[Download this notebook](a.ipynb)")
    assert page.markdown.endswith("Text.\n\n```python\nrun\n```\n\n@@0@@\n\n@@1@@\n")
    html = with_outputs("<p>@@0@@</p><p>@@1@@</p>", page.outputs)
    assert "1 &lt; 2</pre>" in html
    assert f'<template shadowrootmode="open">{CARD}</template>' in html


@pytest.mark.parametrize(
    ("output", "part"),
    [
        (shown(text_plain="x", text_html='<table class="dataframe"></table>'), '<div class="output"><table'),
        (shown(text_plain="<Run>"), "<pre>&lt;Run&gt;</pre>"),
        (shown(text_plain="chart", image_png="AAAA"), 'src="data:image/png;base64,AAAA"'),
        (v4.new_output("error", ename="E", evalue="", traceback=["\x1b[31mE\x1b[0m: no"]), "<pre>E: no</pre>"),
    ],
)
def test_each_output_has_a_form_without_kernel_and_script(output: nbformat.NotebookNode, part: str):
    assert part in output_html(output)


@pytest.mark.parametrize(
    ("source", "language"), [("run", "python"), ("%origami runs", "ipython3"), ("%%origami\nFind bakers", "text")]
)
def test_magics_are_not_painted_as_python(source: str, language: str):
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("# Title"), v4.new_code_cell(source)])
    assert f"```{language}\n{source}\n```" in page_of(notebook, "a.ipynb").markdown


def test_an_output_that_shows_nothing_takes_no_room():
    assert output_html(shown(text_plain="", text_html="")) == ""


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("Add.\n\nExample:\n    >>> 1\n    1", "Add.\n\nExamples:\n    >>> 1\n    1"),
        ("Add.\n\n>>> 1\n1", "Add.\n\nExamples:\n    >>> 1\n    1"),
        ("Add.\n\nRaises:\n    KeyError: no", "Add.\n\nRaises:\n    KeyError: no"),
    ],
)
def test_examples_are_code(docstring: str, expected: str):
    assert with_examples(docstring) == expected


@pytest.mark.parametrize(
    ("target", "root", "place"),
    [
        ("notebooks/quickstart.ipynb", True, "quickstart.md"),
        ("notebooks/images/card.png", True, "images/card.png"),
        ("CONTRIBUTING.md", True, "contributing.md"),
        ("tests/README.md", True, "tests.md"),
        ("../tests/README.md", False, "tests.md"),
        ("analysis.ipynb", False, "analysis.md"),
        ("frames.md", False, "frames.md"),
        ("../README.md", False, "index.md"),
        ("../CHANGELOG.md", False, "changelog.md"),
    ],
)
def test_links_of_the_repository_are_links_of_the_site(target: str, root: bool, place: str):
    assert place_of(target, root=root) == place


def links_of_the_repository() -> list[tuple[str, str]]:
    """Every link of a guide or text, as it stands in the repository."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in NOTEBOOKS.glob("*.md")}
    for name in names():
        cells = nbformat.read(NOTEBOOKS / name, as_version=4).cells
        texts[name] = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return [(name, link[1]) for name, text in texts.items() for link in LINK.finditer(text) if link[1]]


def test_links_lead_somewhere_where_the_repository_is_read():
    links = links_of_the_repository()
    assert len(links) > 15
    assert [(name, target) for name, target in links if not (NOTEBOOKS / target).exists()] == []
