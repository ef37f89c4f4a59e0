"""openai: a run of an assistant's thread, by `create_and_poll`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.bench.sdks.play import KEY, TIMEOUT

if TYPE_CHECKING:
    from tests.support.server import Received

PACKAGE = "openai"
NOTE = "the interval between polls is set to 0.5 s, the time of a request to 2 s; the server's openai-poll-after-ms is not sent"


def is_start(request: Received) -> bool:
    return request.method == "POST"


def body(*, done: bool, start: bool) -> dict[str, Any]:
    return {
        "id": "run_1",
        "object": "thread.run",
        "thread_id": "thread_1",
        "assistant_id": "asst_1",
        "status": "completed" if done else "in_progress",
        "created_at": 1_784_625_300,
        "instructions": "",
        "model": "m",
        "tools": [],
    }


def go(base_url: str) -> None:
    import warnings

    import openai

    warnings.simplefilter("ignore")
    client = openai.OpenAI(api_key=KEY, base_url=f"{base_url}/v1", timeout=TIMEOUT)
    run = client.beta.threads.runs.create_and_poll(thread_id="thread_1", assistant_id="asst_1", poll_interval_ms=500)
    if run.status != "completed":
        raise RuntimeError(run.status)
