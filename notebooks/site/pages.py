"""From an executed notebook to the Markdown of a page, and to the HTML of its outputs (pure).

Outputs never go through the Markdown parser, which would read the blank lines and angle brackets in them as its own:
they are kept apart, and stand in the page where a mark says so.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from nbformat import NotebookNode

MARK = re.compile(r"<p>@@(\d+)@@</p>")
FRAME = 'class="dataframe"'
CONTROLS = re.compile(r"\x1b\[[0-9;]*m")
FENCE = "```"


class Page(NamedTuple):
    """A page of the site: its Markdown, and the HTML that its marks stand for."""

    markdown: str
    outputs: tuple[str, ...]


def page_of(notebook: NotebookNode, name: str) -> Page:
    """The page of an executed notebook.

    Args:
        notebook: with its outputs.
        name: its file name, which the page offers for download.
    """
    parts: list[str] = []
    outputs: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        elif cell.cell_type == "code" and cell.source.strip():
            parts.append(f"{FENCE}{_language(cell.source)}\n{cell.source}\n{FENCE}")
            for html in filter(None, map(output_html, cell.outputs)):
                parts.append(f"@@{len(outputs)}@@")
                outputs.append(html)
    download = f'[Download this notebook]({name}){{ .download download="{name}" }}'
    # Below the title, which is the first line of every notebook.
    title, _, rest = "\n\n".join(parts).partition("\n")
    return Page(f"{title}\n\n{download}\n{rest}\n", tuple(outputs))


def with_outputs(html: str, outputs: tuple[str, ...]) -> str:
    """Return the page's HTML with its outputs in place of their marks."""
    return MARK.sub(lambda mark: outputs[int(mark[1])], html)


def output_html(output: NotebookNode) -> str:
    """Return one output as HTML, in the form that a page without a kernel shows best; empty if there is none."""
    match output.output_type:
        case "stream":
            return _text(output.text)
        case "error":
            return _text("\n".join(output.traceback))
        case _:
            return _bundle(output.data, output.get("metadata", {}))


def _bundle(data: dict[str, Any], metadata: dict[str, Any]) -> str:
    html = data.get("text/html", "")
    if "image/png" in data:
        about = metadata.get("image/png", {})
        size = "".join(f' {side}="{about[side]}"' for side in ("width", "height") if side in about)
        alternative = escape(about.get("alt", ""), quote=True)
        return f'<div class="output"><img alt="{alternative}"{size} src="data:image/png;base64,{data["image/png"].strip()}"></div>'
    if FRAME in html:
        return f'<div class="output">{html}</div>'
    if html:
        # Within a shadow root the theme's own styles do not reach it: a card looks as it does in a notebook.
        return f'<div class="output card"><template shadowrootmode="open">{html}</template></div>'
    return _text(data.get("text/plain", ""))


def _language(source: str) -> str:
    """Return the language of a cell: text below a cell magic is not Python."""
    return "text" if source.startswith("%%") else "ipython3" if re.search(r"^[%!]", source, re.MULTILINE) else "python"


def _text(text: str) -> str:
    plain = CONTROLS.sub("", text).rstrip()
    return f'<div class="output"><pre>{escape(plain)}</pre></div>' if plain else ""
