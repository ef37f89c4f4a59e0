"""Every property that the API's description names has a field. A dropped one fails here."""

from __future__ import annotations

import pytest

from origami_widgets.api.models import account, base, run, table
from tests.contract import description

SCHEMAS = description()["components"]["schemas"]
MODEL_OF = {
    "AgentSummary": run.AgentSummary,
    "Agent": run.Agent,
    "CreateAgentResponse": run.CreatedAgent,
    "RunSteps": run.Steps,
    "RunSummary": run.RunSummary,
    "RunRequestEcho": run.RunRequest,
    "RunAction": run.Action,
    "TranscriptMessage": run.TranscriptMessage,
    "RunResponse": run.Response,
    "PartialRunResponse": run.Response,
    "PendingQuestion": run.Question,
    "NextAction": run.Suggestion,
    "RunTodo": run.Todo,
    "Run": run.RunObject,
    "CreditsLifetime": table.CreditsUsed,
    "CellsLiveness": table.Cells,
    "ColumnStats": table.ColumnStats,
    "ColumnQualification": table.ColumnQualification,
    "TableColumn": table.Column,
    "ColumnMeta": table.Column,
    "QualificationStats": table.QualificationStats,
    "FunnelStats": table.Funnel,
    "RunningStats": table.RunningStats,
    "LeadSourceStats": table.LeadSource,
    "TableStats": table.TableStats,
    "Table": table.Table,
    "CancelledCells": table.CancelledCells,
    "ActiveCells": table.ActiveCells,
    "Cell": table.Cell,
    "Row": table.Row,
    "FlatRow": table.FlatRow,
    "Account": account.Account,
    "Credits": account.Credits,
    "Workspace": run.Workspace,
    "Document": table.Document,
    "UpsertReceipt": table.UpsertReceipt,
    "OutcomeCounts": table.OutcomeCounts,
    "EnrichmentRun": table.EnrichmentRun,
    "EnrichmentRunDetail": table.EnrichmentRun,
    "WorkspaceList": base.Page,
    "DocumentList": base.Page,
    "EnrichmentRunList": base.Page,
    "ListEnvelope": base.Page,
    "AgentList": base.Page,
    "RunSummaryList": base.Page,
    "ColumnList": base.Page,
    "TableList": base.Page,
    "AgentTableList": base.Page,
    "RowList": base.Page,
    "FlatRowList": base.Page,
}
SENT_BY_US = {
    *("Attachment", "CreateAgentRequest", "SendRunRequest", "RowFilter", "RowSort"),
    *("UploadRequest", "UpsertRowsRequest", "UpsertFileRequest", "InstructionsRequest", "CreateScheduledAgentRequest"),
}
BY_REQUEST = {
    *("Campaign", "CampaignPerson", "CampaignPersonList", "CampaignStats", "CampaignSummary", "CampaignSummaryList"),
    *("CampaignTransition", "DocumentDetail", "ObjectRef", "Project", "ProjectDeleteResult", "ProjectList"),
    *("ScheduledAgent", "ScheduledAgentList", "Sequence", "SequenceDetail", "SequenceList", "SequenceStep"),
    *("TableRun", "TableRunCounts", "WorkspaceDeleteResult"),
}
"""Answers that `Client.request` gives as plain objects; the last one has a model of its own, of its two forms."""
NO_VERB = {"ArchiveAgentResponse"}
OPENED_ON_THE_WAY = {"RunEnvelope", "NullableRunEnvelope", "Handoff"}
IN_ERRORS = {"Error", "PaymentRequiredError", "AgentBusyError", "ConcurrentLimitError"}
NOT_ANSWERS = SENT_BY_US | BY_REQUEST | NO_VERB | OPENED_ON_THE_WAY | IN_ERRORS


def properties(name: str) -> dict[str, dict]:
    return merged(SCHEMAS[name])


def merged(schema: dict) -> dict[str, dict]:
    if "$ref" in schema:
        return properties(schema["$ref"].rpartition("/")[2])
    found: dict[str, dict] = {}
    for part in schema.get("allOf", []):
        found |= merged(part)
    return found | schema.get("properties", {})


def test_every_object_of_the_description_is_accounted_for():
    objects = {name for name in SCHEMAS if properties(name) or "oneOf" in SCHEMAS[name]}
    assert objects == set(MODEL_OF) | NOT_ANSWERS


@pytest.mark.parametrize("name", MODEL_OF)
def test_every_property_has_a_field(name):
    assert set(properties(name)) <= set(MODEL_OF[name].__struct_encode_fields__)
