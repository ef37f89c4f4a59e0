"""The screenshots show the scene they are named after, in the theme and width they are named after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from tests.browser import gallery

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.browser.lab import LabPage

# The colour of the box follows the theme, as the card's do.
BOX = """
from IPython.display import HTML
HTML('<div style="height:{height}px;background:light-dark(rgb(250, 250, 250), rgb(20, 20, 20))">box</div>')
"""


def test_scenes_are_photographed_in_both_themes_and_widths(open_lab: Callable[..., LabPage], tmp_path: Path) -> None:
    scenes = [
        gallery.Scene("low", BOX.format(height=40), ready="div"),
        gallery.Scene("tall", BOX.format(height=2000), ready="div"),
    ]
    shots = gallery.take(open_lab([scene.code for scene in scenes]), scenes, tmp_path)
    assert len(shots) == len(scenes) * len(gallery.THEMES) * len(gallery.WIDTHS)
    for shot in shots:
        with Image.open(shot.path) as image:
            assert image.width == shot.width
            assert image.height >= (2000 if shot.name == "tall" else 40)
            colour = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
        assert colour == ((250, 250, 250) if shot.theme == "light" else (20, 20, 20)), shot
    page = gallery.index_page(shots)
    assert all(shot.path.name in page for shot in shots)
