"""The README's pictures, taken in real JupyterLab: `python -m tests.browser.readme_pictures`.

The sandbox's clock stands at moments that show much, so that the same code takes the same pictures.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from notebooks import serve
from tests.browser import chromium
from tests.browser.lab import LabPage

FOLDER = serve.REPOSITORY / "notebooks" / "images"
WIDTH, HEIGHT = 880, 1600
SETUP = f"""
import sys, time
sys.path.insert(0, {str(serve.REPOSITORY)!r})
import ipywidgets
import origami_widgets as ow
seconds = 0.0
def new_client():
    began = time.time()
    return ow.Sandbox(plan="ultra", clock=lambda: began + seconds).client()
"""
CARD = """
run = ow.start("Find 20 SaaS founders in Austin who raised seed in the last 6 months", client=new_client(), show=False)
seconds = 90.0
run.refresh()
ipywidgets.VBox([ow.RunCard(run)])
"""
BOARD = """
seconds = 0.0
client = new_client()
endings = {"Porto": "completed", "Faro": "filling", "Braga": "needs_input", "Évora": "settled", "Lisbon": "errored", "Coimbra": "partial"}
briefs = {city: f"Find bakeries in {city} with a web shop. scenario:{end}" for city, end in endings.items()}
runs = []
for city, brief in reversed(briefs.items()):
    seconds = 60.0 * (city == "Porto")
    runs.append(ow.start(brief, name=city, client=client, show=False))
seconds = 150.0
for run in runs:
    run.refresh()
ipywidgets.VBox([ow.RunBoard(client=client)])
"""
PICTURES = {"card": (CARD, ".lcell .score"), "board": (BOARD, ".origami-board")}
"""The cell of each picture, and what is there when it can be taken."""


def main() -> None:
    """Take both pictures."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        root = Path(home) / "notebooks"
        root.mkdir()
        lab = serve.start(Path(home), root, ("--LabApp.expose_app_in_browser=True",))
        try:
            window = LabPage(chromium.launch(playwright), lab, {"width": WIDTH + 200, "height": HEIGHT})
            window.open_notebook([SETUP, *(code for code, _ in PICTURES.values())])
            window.run_cell(0)
            for index, (name, (_, ready)) in enumerate(PICTURES.items(), 1):
                window.run_cell(index)
                window.set_output_width(WIDTH, index=index)
                output = window.output(index)
                output.locator(ready).first.wait_for()
                window.screenshot_part(FOLDER / f"{name}.png", output.locator(".origami-card").first)
        finally:
            lab.stop()


if __name__ == "__main__":
    main()
