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
client = ow.Sandbox(speed=60).client()
run = ow.start("List bakeries in Porto", client=client, show=False).wait("cells")
names = ("Porto", "Faro", "Braga")
runs = ow.start_many({{name: f"Find 30 bakeries in {{name}}" for name in names}}, client=client, show=False).wait("cells")
print(run.status)
"""
PLOTS = {"funnel": "run", "credits": "run", "compare": "runs"}
SCENES = [
    *(Scene(f"plot_{name}", f"ow.plot({source}, {name!r})", DRAWN) for name, source in PLOTS.items()),
    *(Scene(f"plot_{name}_narrow", f"ow.plot({source}, {name!r}, width=320)", DRAWN) for name, source in PLOTS.items()),
]


def main() -> None:
    """Write the pictures into the folder named on the command line."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else serve.REPOSITORY / ".cache" / "gallery"
    shots = make([Scene("setup", SETUP), *SCENES], folder)
    print(f"{len(shots)} pictures: {folder / 'index.html'}")


if __name__ == "__main__":
    main()
