"""Every property that the API's description names has a field. A dropped one fails here."""

from __future__ import annotations

import pytest

from origami_widgets.api import models
from tests.contract import description

SCHEMAS = description()["components"]["schemas"]
MODEL_OF = {
    "AgentSummary": models.AgentSummary,
    "Agent": models.Agent,
    "CreateAgentResponse": models.CreatedAgent,
    "RunSteps": models.Steps,
    "RunSummary": models.RunSummary,
    "RunRequestEcho": models.RunRequest,
    "RunAction": models.Action,
    "TranscriptMessage": models.TranscriptMessage,
    "RunResponse": models.Response,
    "PartialRunResponse": models.Response,
    "PendingQuestion": models.Question,
    "NextAction": models.Suggestion,
    "RunTodo": models.Todo,
    "Run": models.RunObject,
    "CreditsLifetime": models.CreditsUsed,
    "CellsLiveness": models.Cells,
    "ColumnStats": models.ColumnStats,
    "ColumnQualification": models.ColumnQualification,
    "TableColumn": models.Column,
    "ColumnMeta": models.Column,
    "QualificationStats": models.QualificationStats,
    "FunnelStats": models.Funnel,
    "RunningStats": models.RunningStats,
    "LeadSourceStats": models.LeadSource,
    "TableStats": models.TableStats,
    "Table": models.Table,
    "CancelledCells": models.CancelledCells,
    "ActiveCells": models.ActiveCells,
    "Cell": models.Cell,
    "Row": models.Row,
    "FlatRow": models.FlatRow,
    "Account": models.Account,
    "Credits": models.Credits,
    "Workspace": models.Workspace,
    "Document": models.Document,
    "UpsertReceipt": models.UpsertReceipt,
    "OutcomeCounts": models.OutcomeCounts,
    "EnrichmentRun": models.EnrichmentRun,
    "EnrichmentRunDetail": models.EnrichmentRun,
    "WorkspaceList": models.Page,
    "DocumentList": models.Page,
    "EnrichmentRunList": models.Page,
    "ListEnvelope": models.Page,
    "AgentList": models.Page,
    "RunSummaryList": models.Page,
    "ColumnList": models.Page,
    "TableList": models.Page,
    "AgentTableList": models.Page,
    "RowList": models.Page,
    "FlatRowList": models.Page,
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


def test_nested_objects_without_a_name_of_their_own():
    account = properties("Account")
    inside = {
        "organization": models.Organization,
        "plan": models.Plan,
        "capabilities": models.Capabilities,
        "workspaces": models.WorkspaceQuota,
    }
    assert {name for name, schema in account.items() if merged(schema)} == set(inside)
    for name, model in inside.items():
        assert set(merged(account[name])) <= set(model.__struct_encode_fields__), name
    for answer in SCHEMAS["WorkspaceDeleteResult"]["oneOf"]:
        assert set(merged(answer)) <= set(models.DeletedWorkspace.__struct_encode_fields__)
        planned = merged(merged(answer).get("willDelete", {}))
        assert set(planned) <= set(models.DeletionPreview.__struct_encode_fields__)
    detail = properties("EnrichmentRunDetail")
    assert set(merged(detail["enrichments"])) <= set(models.EnrichmentCounts.__struct_encode_fields__)
    assert set(merged(detail["outcomes"]["items"])) <= set(models.RowOutcome.__struct_encode_fields__)
    created = properties("CreateAgentResponse")
    assert set(merged(created["workspace"])) <= set(models.Workspace.__struct_encode_fields__)
    calls = properties("TranscriptMessage")["toolCalls"]["items"]
    assert set(merged(calls)) <= set(models.ToolCall.__struct_encode_fields__)
