"""Screenshots of scenes in real JupyterLab, light and dark, in a narrow and in a wide cell: `make gallery`.

Writes .cache/gallery/NAME-THEME-WIDTH.png and an index.html that shows them beside each other.
"""

from __future__ import annotations

import argparse
import dataclasses
import html
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import TimeoutError, sync_playwright  # noqa: A004 - its own, not an OSError

from notebooks import serve
from tests.browser import chromium
from tests.browser.lab import LabPage

if TYPE_CHECKING:
    from collections.abc import Sequence
THEMES = ("light", "dark")
WIDTHS = (320, 900)
# High enough for any card: what Lab scrolls out of its own view is not in an element's screenshot.
WINDOW_HEIGHT = 4000
READY_SECONDS = 15.0


@dataclasses.dataclass(frozen=True)
class Scene:
    """One picture's subject.

    Args:
        name: Part of the file's name.
        code: The cell that shows it.
        ready: CSS selector, within the cell's output, of what is there when it can be photographed.
    """

    name: str
    code: str
    ready: str = "*"


@dataclasses.dataclass(frozen=True)
class Shot:
    """One picture: its scene's name, theme, width in px and file."""

    name: str
    theme: str
    width: int
    path: Path


def take(window: LabPage, scenes: Sequence[Scene], folder: Path) -> list[Shot]:
    """Run the cells of an open notebook, one for each scene, and photograph their outputs in each theme and width."""
    size = window.page.viewport_size or {"width": 1280}
    window.page.set_viewport_size({"width": size["width"], "height": WINDOW_HEIGHT})
    shots = []
    # One after the other: a scene that goes on by itself is photographed before it has gone far.
    for index, scene in enumerate(scenes):
        window.run_cell(index)
        window.show_cell(index)
        try:
            window.output(index).locator(scene.ready).first.wait_for(timeout=READY_SECONDS * 1000)
        except TimeoutError as error:
            raise AssertionError(f"the output of scene {scene.name} has no {scene.ready}") from error
        for theme in THEMES:
            window.set_theme(theme)
            for width in WIDTHS:
                window.set_output_width(width, index=index)
                shot = Shot(scene.name, theme, width, folder / f"{scene.name}-{theme}-{width}.png")
                window.screenshot(shot.path, window.output(index).first)
                shots.append(shot)
    return shots


def index_page(shots: Sequence[Shot]) -> str:
    """Return the page that shows all pictures, one row per scene."""
    rows = []
    for name in dict.fromkeys(shot.name for shot in shots):
        pictures = "".join(
            f'<figure><img src="{html.escape(shot.path.name)}" alt="{html.escape(f"{name}, {shot.theme}")}" '
            f'width="{shot.width}"><figcaption>{shot.theme}, {shot.width} px</figcaption></figure>'
            for shot in shots
            if shot.name == name
        )
        rows.append(f"<h2>{html.escape(name)}</h2><div>{pictures}</div>")
    style = "body{font-family:sans-serif;background:#777}div{display:flex;align-items:start}figure{margin:8px}"
    return f'<!doctype html><meta charset="utf-8"><title>Gallery</title><style>{style}</style>{"".join(rows)}'


def make(scenes: Sequence[Scene], folder: Path) -> list[Shot]:
    """Start JupyterLab and Chromium, take all pictures into `folder` and write its index.html."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        root = Path(home) / "notebooks"
        root.mkdir()
        lab = serve.start(Path(home), root, ("--LabApp.expose_app_in_browser=True",))
        try:
            window = LabPage(chromium.launch(playwright), lab)
            window.open_notebook([scene.code for scene in scenes])
            shots = take(window, scenes, folder)
        finally:
            lab.stop()
    (folder / "index.html").write_text(index_page(shots), encoding="utf-8")
    return shots


def main() -> None:
    """Take the pictures of the scenes that are named on the command line, or of all."""
    from tests.browser.scenes import SCENES

    parser = argparse.ArgumentParser(description="Take screenshots of the card in JupyterLab.")
    parser.add_argument("names", nargs="*", help="only these scenes")
    parser.add_argument("--folder", type=Path, default=serve.REPOSITORY / ".cache" / "gallery")
    options = parser.parse_args()
    shots = make([scene for scene in SCENES if not options.names or scene.name in options.names], options.folder)
    print(f"{len(shots)} screenshots: {options.folder / 'index.html'}")


if __name__ == "__main__":
    main()
