"""apify-client: a run of an actor, by `start` and `wait_for_finish`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.bench.sdks.play import KEY, TIMEOUT

if TYPE_CHECKING:
    from tests.support.server import Received

PACKAGE = "apify-client"
NOTE = "the time of a request to start is set to 2 s; polls are long ones, whose time cannot be set"
MOMENT = "2026-07-21T09:14:02.000Z"


def is_start(request: Received) -> bool:
    return request.method == "POST"


def body(*, done: bool, start: bool) -> dict[str, Any]:
    run = {
        "id": "run1",
        "actId": "act1",
        "userId": "user1",
        "startedAt": MOMENT,
        "finishedAt": MOMENT if done else None,
        "status": "SUCCEEDED" if done else "RUNNING",
        "meta": {"origin": "API"},
        "stats": {"restartCount": 0, "resurrectCount": 0, "computeUnits": 0.1},
        "options": {"build": "latest", "timeoutSecs": 300, "memoryMbytes": 1024, "diskMbytes": 2048},
        "buildId": "build1",
        "generalAccess": "RESTRICTED",
        "defaultKeyValueStoreId": "kv1",
        "defaultDatasetId": "ds1",
        "defaultRequestQueueId": "rq1",
    }
    return {"data": run}


def go(base_url: str) -> None:
    from apify_client import ApifyClient

    client = ApifyClient(KEY, api_url=base_url)
    run = client.actor("act1").start(timeout=timedelta(seconds=TIMEOUT))
    over = client.run(run.id).wait_for_finish()
    if over is None or over.status != "SUCCEEDED":
        raise RuntimeError(str(over and over.status))
