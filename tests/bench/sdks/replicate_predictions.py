"""replicate: a prediction, by `create` and `wait`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.bench.sdks.play import KEY, TIMEOUT

if TYPE_CHECKING:
    from tests.support.server import Received

PACKAGE = "replicate"
NOTE = "the time of a request is set to 2 s; it polls every 0.5 s by itself"


def is_start(request: Received) -> bool:
    return request.method == "POST"


def body(*, done: bool, start: bool) -> dict[str, Any]:
    return {
        "id": "pred1",
        "model": "owner/model",
        "version": "v1",
        "status": "succeeded" if done else "processing",
        "input": {"text": "x"},
        "output": "x" if done else None,
        "logs": "",
        "error": None,
        "created_at": "2026-07-21T09:14:02Z",
        "urls": {"get": "", "cancel": ""},
    }


def go(base_url: str) -> None:
    import httpx
    import replicate

    client = replicate.Client(api_token=KEY, base_url=base_url, timeout=httpx.Timeout(TIMEOUT))
    prediction = client.predictions.create(version="v1", input={"text": "x"})
    prediction.wait()
    if prediction.status != "succeeded":
        raise RuntimeError(prediction.status)
