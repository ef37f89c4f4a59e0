"""Every call of the clients once: how it is called, its answer, and the request that it sends."""

from __future__ import annotations

from origami_widgets.api.models import account, run, table
from tests.api.conftest import fixture

RUN = fixture("completed_stats")
CREATED = fixture("create_agent")
TABLE = RUN["response"]["tables"][0]
SUMMARY = {key: RUN[key] for key in ("object", "id", "agentId", "status", "prompt", "model", "steps", "startedAt")}
ACCOUNT = {
    "object": "account",
    "organization": {"id": "o", "name": "Org"},
    "plan": {"id": "pro", "name": "Pro"},
    "capabilities": {"canUseApi": True, "canRunScheduledTasks": True, "concurrentAgents": 3},
    "workspaces": {"used": 1, "limit": None},
}
WORKSPACE = {
    "object": "workspace",
    "id": "w",
    "name": "List",
    "createdByApi": True,
    "url": "https://origami.chat/workspace/w",
}
RECEIPT = {"object": "enrichment_run", "id": "e", "batchId": "e", "counts": {"inserted": 1, "updated": 0, "skipped": 0}}
IDS = ("a", "t", "w", "e", RUN["id"])
"""The arguments below that are ids."""

# Name: arguments, options, answer, request, kind of what is returned.
VERBS = {
    "create_agent": (("Find",), {}, CREATED, "POST /agents", run.CreatedAgent),
    "create_run": (("a", "Go on"), {}, {"run": RUN}, "POST /agents/a/runs", run.RunObject),
    "get_run": (("a", RUN["id"]), {}, RUN, f"GET /agents/a/runs/{RUN['id']}", run.RunObject),
    "list_runs": (("a",), {"cursor": "c+/=", "limit": 7}, {"items": [SUMMARY]}, "GET /agents/a/runs?limit=7&cursor=c%2B%2F%3D", run.RunSummary),
    "cancel": (("a",), {}, {"run": RUN}, "POST /agents/a/cancel", run.RunObject),
    "list_agents": ((), {"search": "por & to"}, {"agents": [{**CREATED["agent"], "lastRun": SUMMARY}]}, "GET /agents?limit=50&search=por+%26+to", run.Agent),
    "list_agent_tables": (("a",), {}, {"workspaceId": "w", "tables": [TABLE]}, "GET /agents/a/tables?include=stats", table.Table),
    "get_table": (("t",), {"include": ()}, {**TABLE, "id": "t"}, "GET /tables/t", table.Table),
    "list_tables": ((), {"agent_id": "a"}, {"items": [TABLE]}, "GET /tables?limit=50&workspaceId=a", table.Table),
    "cancel_cells": (("t",), {"columns": ["phone"]}, {"tableId": "t", "cancelledCells": 7, "cancelledLeadSourceJobs": 0}, "POST /tables/t/cancel", table.CancelledCells),
    "active_cells": (("t",), {}, {"dryRun": True, "tableId": "t", "activeCells": 7, "activeLeadSourceJobs": 1}, "POST /tables/t/cancel", table.ActiveCells),
    "list_columns": (("t",), {}, {"columns": TABLE["columns"]}, "GET /tables/t/columns", table.Column),
    "create_workspace": (("List",), {}, WORKSPACE, "POST /workspaces", run.Workspace),
    "list_workspaces": ((), {"search": "List"}, {"items": [WORKSPACE]}, "GET /workspaces?search=List&limit=50", run.Workspace),
    "delete_workspace": (("w",), {"confirm": True}, {"workspaceId": "w", "name": "List", "deleted": True}, "DELETE /workspaces/w?confirm=true", table.DeletedWorkspace),
    "list_documents": (("w",), {}, {"items": [{"id": "d", "filename": "list.csv"}]}, "GET /workspaces/w/documents?limit=50", table.Document),
    "upsert_rows": (("t", [{"website": "a.example"}], ["website"]), {}, RECEIPT, "POST /tables/t/rows/upsert", table.UpsertReceipt),
    "get_enrichment_run": (("e",), {}, RECEIPT, "GET /enrichment-runs/e", table.EnrichmentRun),
    "list_enrichment_runs": ((), {"table_id": "t"}, {"items": [RECEIPT]}, "GET /enrichment-runs?tableId=t&limit=50", table.EnrichmentRun),
    "get_account": ((), {}, ACCOUNT, "GET /account", account.Account),
    "get_credits": ((), {}, {"object": "credits", "balance": 7.5, "currency": "credits"}, "GET /account/credits", account.Credits),
}  # fmt: skip
