"""What the gallery shows: every status of a run, alive and saved.

Each scene's server has a clock of its own that is set ahead, so that the run is where the picture wants it.
"""

from __future__ import annotations

from tests.browser.gallery import Scene

CODE = """
import time
import origami_widgets as ow

ahead = 0.0
client = ow.Sandbox(clock=lambda: time.time() + ahead{options}).client()
run = ow.start({brief!r}, client=client, show=False)
for ahead in {moments}:
    run.refresh()
{show}
"""
# In a box, so that a settled card stays alive for its picture.
LIVE = "import ipywidgets\nipywidgets.VBox([ow.RunCard(run)])"
SAVED = "from IPython.display import HTML\nHTML(run.to_html())"
BRIEF = "Find 20 SaaS founders in Austin who raised seed in the last 6 months"
OVER = (30, 600, 1500)

# Name, word of the sandbox's scenario (none: the usual one), and how many seconds after the start it is looked at.
STATUSES = (
    ("running", "", (20, 40)),
    ("completed", "", OVER),
    ("needs_input", "needs_input", OVER),
    ("step_cap_hit", "step_cap_hit", OVER),
    ("incomplete", "incomplete", OVER),
    ("cancelled", "cancelled", OVER),
    ("errored", "errored", OVER),
    ("timed_out", "timed_out", OVER),
)
FURTHER = (
    ("filling", "filling", (30, 240)),
    ("empty", "empty", OVER),
    ("answer", "answer", OVER),
    ("large", "large", OVER),
)


def scene(name: str, word: str, moments: tuple[int, ...], *, saved: bool = False) -> Scene:
    """The cell that shows one scenario at one moment."""
    code = CODE.format(
        options="", brief=f"{BRIEF}. scenario:{word}" if word else BRIEF, moments=moments, show=SAVED if saved else LIVE
    )
    if saved:
        return Scene(f"{name}-saved", code, "div")
    return Scene(name, code, ".origami-card")


SCENES = [
    *(scene(*status) for status in STATUSES),
    *(scene(*more) for more in FURTHER),
    *(scene(*status, saved=True) for status in STATUSES),
]
