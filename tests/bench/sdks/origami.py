"""This package: a run of an agent, by `start` and `wait`."""

from __future__ import annotations

import copy
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.sdks.play import KEY, TIMEOUT

if TYPE_CHECKING:
    from tests.support.server import Received

PACKAGE = "origami-widgets"
NOTE = "the time of a request is set to 2 s, the longest pause after failures to 4 s instead of 30 s"
BRIEF = "Find bakeries"
FIXTURES = Path(__file__).parents[2] / "fixtures"
RUNNING, COMPLETED = (
    json.loads((FIXTURES / f"{name}.json").read_text()) for name in ("running_null", "completed_stats")
)
_began = datetime.fromtimestamp(time.time(), UTC).isoformat().replace("+00:00", "Z")


def is_start(request: Received) -> bool:
    return request.method == "POST"


def body(*, done: bool, start: bool) -> dict[str, Any]:
    run = copy.deepcopy(COMPLETED if done else RUNNING)
    run |= {"id": RUNNING["id"], "agentId": RUNNING["agentId"], "response": None, "prompt": BRIEF, "startedAt": _began}
    run["request"] = {"prompt": BRIEF, "model": "origami-max", "focusTableIds": []}
    return {"agent": {"object": "agent", "id": RUNNING["agentId"]}, "run": run} if start else run


def other_read(request: Received, runs: int) -> dict[str, Any] | None:
    """The list of the agent's tables, which is no poll of the run; and those in which a lost start is looked for."""
    if request.path.endswith("/tables"):
        return {"object": "list", "items": [], "nextCursor": None, "url": ""}
    if not request.path.endswith("/agents"):
        return None
    run = body(done=False, start=False)
    agent = {"object": "agent", "id": run["agentId"], "name": BRIEF, "createdAt": _began, "lastRun": run}
    return {"object": "list", "items": [agent] if runs else [], "nextCursor": None, "url": ""}


def go(base_url: str) -> None:
    import origami_widgets as ow
    from origami_widgets.run.polling import schedule

    schedule.BACKOFF = (2.0, 4.0)
    client = ow.Client(KEY, base_url=f"{base_url}/api/v2", timeout=TIMEOUT)
    run = ow.start(BRIEF, client=client, show=False).wait()
    if run.status != "completed":
        raise RuntimeError(run.status)
