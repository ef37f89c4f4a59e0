"""Pictures of the plots in real JupyterLab, light and dark: `python -m tests.browser.plots_gallery FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from notebooks import serve
from tests.browser.gallery import Scene, make

DRAWN = "svg"
SETUP = f"""
import sys
sys.path.insert(0, {str(serve.REPOSITORY)!r})
import origami_widgets as ow
from origami_widgets.frames.plots import plot_credits, plot_funnel, plot_history, plot_qualification
client = ow.Sandbox(speed=60).client()
run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
print(run.status)
"""
PLOTS = ("funnel", "qualification", "credits", "history")
SCENES = [
    *(Scene(f"plot_{name}", f"plot_{name}(run)", DRAWN) for name in PLOTS),
    *(Scene(f"plot_{name}_narrow", f"plot_{name}(run, width=320)", DRAWN) for name in PLOTS),
]


def main() -> None:
    """Write the pictures into the folder named on the command line."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else serve.REPOSITORY / ".cache" / "gallery"
    shots = make([Scene("setup", SETUP), *SCENES], folder)
    print(f"{len(shots)} pictures: {folder / 'index.html'}")


if __name__ == "__main__":
    main()
