"""Screenshots of scenes in real JupyterLab, light and dark, in a narrow and in a wide cell: `make gallery`.

Writes .cache/gallery/NAME-OUTPUT-THEME-WIDTH.png and an index.html that shows them beside each other.
"""

from __future__ import annotations

import argparse
import dataclasses
import html
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import TimeoutError, sync_playwright  # noqa: A004 - its own, not an OSError

from notebooks import serve
from tests.browser import chromium
from tests.browser.lab import LabPage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Act = Callable[[LabPage, int], None]

THEMES = ("light", "dark")
WIDTHS = (320, 700, 1200)
# High enough for any card: what Lab scrolls out of its own view is not in an element's screenshot.
WINDOW_HEIGHT = 4000
READY_SECONDS = 15.0
PAGE_STYLE = """
body{font-family:sans-serif;margin:16px;background:#777}
nav{line-height:1.8}
div{display:flex;align-items:start;overflow-x:auto;padding:4px}
.light{background:#fff}
.dark{background:#111;color:#ddd}
figure{flex:none;margin:8px}
img{outline:1px solid #8884}
"""


@dataclasses.dataclass(frozen=True)
class Scene:
    """One cell and what is photographed of it.

    Args:
        name: Part of the files' names.
        code: The cell that shows it.
        ready: CSS selector, within the cell's output, of what is there when it can be photographed.
        outputs: What its outputs show, in their order.
        act: What a person does before the picture; called with the window and the cell's position.
        opens: What a person opens last, before each picture, because it shuts when the page moves.
        undo: What puts the kernel right after the pictures, where others need it.
        alone: It takes the kernel away from the others, so it comes after them.
    """

    name: str
    code: str
    ready: str = "*"
    outputs: tuple[str, ...] = ("",)
    act: Act | None = None
    opens: Act | None = None
    undo: Act | None = None
    alone: bool = False


@dataclasses.dataclass(frozen=True)
class Shot:
    """One picture: its scene's name, output, theme, width in px and file."""

    name: str
    output: str
    theme: str
    width: int
    path: Path


def take(window: LabPage, scenes: Sequence[Scene], folder: Path, *, first: int = 0) -> list[Shot]:
    """Run the cells of an open notebook, one for each scene, and photograph their outputs in each theme and width.

    The scenes' cells follow each other from `first` on, those that stand alone at the end.
    """
    size = window.page.viewport_size or {"width": 1280}
    window.page.set_viewport_size({"width": size["width"], "height": WINDOW_HEIGHT})
    numbered = list(enumerate(scenes, first))
    together = [each for each in numbered if not each[1].alone]
    groups = [together, *([each] for each in numbered if each[1].alone)]
    shots = []
    for group in filter(None, groups):
        for index, scene in group:
            _stage(window, index, scene)
        shots += _photographs(window, group, folder)
        for index, scene in group:
            if scene.undo is not None:
                scene.undo(window, index)
    return shots


def _stage(window: LabPage, index: int, scene: Scene) -> None:
    window.run_cell(index)
    window.show_cell(index)
    try:
        window.output(index).locator(scene.ready).first.wait_for(timeout=READY_SECONDS * 1000)
    except TimeoutError as error:
        raise AssertionError(f"the output of scene {scene.name} has no {scene.ready}") from error
    if scene.act is not None:
        scene.act(window, index)


def _photographs(window: LabPage, scenes: Sequence[tuple[int, Scene]], folder: Path) -> Iterator[Shot]:
    """All pictures in one theme and width before the next: what takes long is changing those."""
    for theme in THEMES:
        window.set_theme(theme)
        for width in WIDTHS:
            window.show_cell(scenes[0][0])
            window.set_output_width(width, index=scenes[0][0])
            for index, scene in scenes:
                window.show_cell(index)
                window.output(index).locator(scene.ready).first.wait_for()
                for number, output in enumerate(scene.outputs):
                    name = "-".join(filter(None, (scene.name, output, theme, str(width))))
                    shot = Shot(scene.name, output, theme, width, folder / f"{name}.png")
                    last = None if scene.opens is None else partial(scene.opens, window, index)
                    window.screenshot_part(shot.path, window.output(index).nth(number), last)
                    yield shot


def index_page(shots: Sequence[Shot]) -> str:
    """Return the page that shows all pictures: for each scene one row per theme, its outputs and widths beside each other."""
    rows = []
    for name in dict.fromkeys(shot.name for shot in shots):
        rows.append(f'<h2 id="{html.escape(name)}">{html.escape(name)}</h2>')
        for theme in THEMES:
            pictures = "".join(_figure(shot) for shot in shots if (shot.name, shot.theme) == (name, theme))
            rows.append(f'<div class="{theme}">{pictures}</div>')
    names = dict.fromkeys(html.escape(shot.name) for shot in shots)
    links = " ".join(f'<a href="#{name}">{name}</a>' for name in names)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Gallery</title>'
        f"<style>{PAGE_STYLE}</style><h1>Gallery</h1><nav>{links}</nav>{''.join(rows)}</html>"
    )


def _figure(shot: Shot) -> str:
    words = ", ".join(filter(None, (shot.output, shot.theme, f"{shot.width} px")))
    return (
        f'<figure><img loading="lazy" src="{html.escape(shot.path.name)}" alt="{html.escape(f"{shot.name}, {words}")}" '
        f'width="{shot.width}"><figcaption>{words}</figcaption></figure>'
    )


def make(scenes: Sequence[Scene], folder: Path) -> list[Shot]:
    """Start JupyterLab and Chromium, take all pictures into `folder` and write its index.html."""
    from tests.browser.scenes import SETUP

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        root = Path(home) / "notebooks"
        root.mkdir()
        lab = serve.start(Path(home), root, ("--LabApp.expose_app_in_browser=True",))
        try:
            window = LabPage(chromium.launch(playwright), lab)
            window.open_notebook([SETUP, *(scene.code for scene in scenes)])
            window.run_cell(0)
            shots = take(window, scenes, folder, first=1)
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
