"""google-cloud-bigquery: a query job, by `query` and `result`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.bench.sdks.play import KEY, TIMEOUT

if TYPE_CHECKING:
    from tests.support.server import Received

PACKAGE = "google-cloud-bigquery"
NOTE = "the time of a request to start is set to 2 s; that of a poll is its own; the job's id, which it makes up, counts as a key"
ALREADY_THERE = {"error": {"code": 409, "message": "Already Exists", "errors": [{"reason": "duplicate"}]}}
"""There is one job of an id, whatever the server has forgotten."""
_job: dict[str, str] = {"projectId": "p", "jobId": "j1", "location": "US"}


def is_start(request: Received) -> bool:
    if request.method == "POST" and request.path.endswith("/jobs"):
        _job["jobId"] = request.json()["jobReference"]["jobId"]
        return True
    return False


def body(*, done: bool, start: bool) -> dict[str, Any]:
    return {
        "kind": "bigquery#job",
        "id": f"p:US.{_job['jobId']}",
        "selfLink": "http://127.0.0.1/",
        "jobReference": dict(_job),
        "configuration": {"jobType": "QUERY", "query": {"query": "SELECT 1", "useLegacySql": False}},
        "status": {"state": "DONE" if done else "RUNNING"},
        "statistics": {},
        "jobComplete": done,
        "totalRows": "0",
        "schema": {"fields": [{"name": "x", "type": "INTEGER"}]},
    }


def go(base_url: str) -> None:
    from google.cloud import bigquery
    from google.oauth2.credentials import Credentials

    client = bigquery.Client(project="p", credentials=Credentials(KEY), client_options={"api_endpoint": base_url})
    job = client.query("SELECT 1", timeout=TIMEOUT)
    job.result()
