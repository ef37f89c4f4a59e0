"""`projects_frame` and `outreach_frame`: budgets of projects, and the people in campaigns. Both only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.api.background.sync_bridge import OnLoop, bridged
from origami_widgets.api.default_client import client_or_default, operations_for
from origami_widgets.api.models.base import is_list, list_items
from origami_widgets.api.responses import unreadable
from origami_widgets.api.validate import PATH

from .dtype_backend import DtypeBackend, check_backend
from .frame_builder import DataIssues, FieldValues, OriginValues, build, nested_items, pluck
from .schema import TABLE_ID, FrameField, FrameSchema, computed_field
from .source import SourceData

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from origami_widgets.api.default_client import AnyClient
    from origami_widgets.api.operations import Operations

    from .source import HasRaw

_HARD = "whether work stops at the budget (hard) or goes on (soft); NA without one"
_LEFT = "monthly_credits - credits_spent - credits_reserved; negative above a soft budget"
_STATUSES = ("draft", "active", "paused")

PROJECTS = FrameSchema(
    "projects_frame",
    (
        FrameField("project_id", "string", "project", "id", "the project"),
        FrameField("project_name", "string", "project", "name", "its name"),
        FrameField("monthly_credits", "number", "project", "monthlyCredits", "its budget; NA without one", "credits"),
        FrameField("enforcement", "category", "project", "enforcement", _HARD, members=("hard", "soft")),
        FrameField("credits_spent", "number", "project", "usage.spent", "settled in this billing period", "credits"),
        FrameField("credits_reserved", "number", "project", "usage.reserved", "held for work in progress", "credits"),
        computed_field("credits_left", "number", _LEFT, "credits"),
        FrameField("created_at", "timestamp", "project", "createdAt", "when it was created"),
    ),
)

OUTREACH = FrameSchema(
    "outreach_frame",
    (
        TABLE_ID,
        FrameField("row_id", "string", "person", "rowId", "the lead; NA if its row is gone"),
        FrameField("campaign_id", "string", "campaign", "id", "the campaign"),
        FrameField("campaign_name", "string", "campaign", "name", "its name"),
        FrameField("campaign_status", "category", "campaign", "status", "whether it sends", members=_STATUSES),
        FrameField("sequence_id", "string", "person", "sequenceId", "the person's messages"),
        FrameField("recipient", "string", "person", "recipient", "where they go"),
        FrameField("send_status", "string", "person", "sendStatus", "what has become of them, in the server's words"),
        FrameField("stop_reason", "string", "person", "stopReason", "why no more follow; NA if more may"),
        FrameField("fit_score", "integer", "person", "fitScore", "how well the lead fits, 0 to 100", "points"),
        FrameField("fit_explanation", "string", "person", "fitExplanation", "why"),
        FrameField("added_at", "timestamp", "person", "addedAt", "when the person was added"),
    ),
)


@bridged
async def projects_frame(
    *, client: AnyClient | None = None, dtype_backend: DtypeBackend = "numpy_nullable"
) -> pd.DataFrame:
    """One row per project of the organization: its budget for the month, and how much of it is used. Free requests.

    A hard budget is the only limit that holds without this kernel: the server stops at it. A soft one only counts.
    Topping up does not help where a hard budget is used up; the next billing period or a higher budget does.

    Args:
        client: the client; None for the configured one. Its own project does not narrow the list.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), in the server's order. `attrs["units"]` has
        the units, and `attrs["origami"]` says where the frame comes from.

        - `project_id` (string): the project
        - `project_name` (string): its name
        - `monthly_credits` (Float64, credits): its budget; NA without one
        - `enforcement` (category): whether work stops at the budget (hard) or goes on (soft); NA without one
        - `credits_spent` (Float64, credits): settled in this billing period
        - `credits_reserved` (Float64, credits): held for work in progress
        - `credits_left` (Float64, credits): monthly_credits - credits_spent - credits_reserved; negative above a soft budget
        - `created_at` (datetime64[us, UTC]): when it was created

    Raises:
        InvalidInput: `dtype_backend` is unknown; no request was sent.
        MissingKey: no client is given or configured, and no key is found.
        OrigamiError: the projects cannot be read.

    API: all pages of `GET /projects`.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox().client()
        >>> project = client.request("POST", "/projects", json={"name": "Spring", "monthlyCredits": 500})
        >>> spring = ow.projects_frame(client=client).set_index("project_name").loc["Spring"]
        >>> float(spring["credits_left"]), spring["enforcement"]
        (500.0, 'soft')
    """
    from .economics.spending import measure, measured

    check_backend(dtype_backend)
    found = nested_items([await OnLoop(_read_all(client_or_default(client).operations, "/projects"))])
    fields, issues = pluck(found.items, PROJECTS.paths("project")), DataIssues()
    amounts = ("monthly_credits", "credits_spent", "credits_reserved")
    budget, spent, reserved = (measure(PROJECTS[name], fields, issues) for name in amounts)
    return build(
        PROJECTS,
        SourceData("projects", ()),
        {"project": OriginValues(fields)},
        computed={"credits_left": measured(budget - spent - reserved)},
        skipped=found.skipped,
        issues=issues,
        dtype_backend=dtype_backend,
    )


@bridged
async def outreach_frame(
    table: str | HasRaw | Mapping[str, Any],
    *,
    client: AnyClient | None = None,
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """One row per person in the campaigns of a table: what has become of the messages to them. Reads only; free requests.

    Join it to the leads by `row_id`. The API names no list of the words of `send_status`: look at
    `frame["send_status"].value_counts()` before you count one of them. This package never launches, sends, resumes or
    edits a campaign.

    Args:
        table: a table, or its id.
        client: the client; None for the table's own, or else the configured one.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns (dtypes of the default backend), campaign after campaign; empty without
        campaigns. `attrs["units"]` has the units, and `attrs["origami"]` says where the frame comes from.

        - `table_id` (string): the table
        - `row_id` (string): the lead; NA if its row is gone
        - `campaign_id` (string): the campaign
        - `campaign_name` (string): its name
        - `campaign_status` (category): whether it sends
        - `sequence_id` (string): the person's messages
        - `recipient` (string): where they go
        - `send_status` (string): what has become of them, in the server's words
        - `stop_reason` (string): why no more follow; NA if more may
        - `fit_score` (Int64, points): how well the lead fits, 0 to 100
        - `fit_explanation` (string): why
        - `added_at` (datetime64[us, UTC]): when the person was added

    Raises:
        InvalidInput: an argument is invalid; no request was sent.
        MissingKey: no client is given or configured, and no key is found.
        OrigamiError: the campaigns cannot be read, for example `NotFound`.

    API: `GET /tables/{tableId}/campaigns`, and for each campaign all pages of `GET /campaigns/{campaignId}/people`.

    Example:
        >>> import origami_widgets as ow
        >>> client = ow.Sandbox(speed=600).client()
        >>> run = ow.start("Find bakeries in Porto and draft an e-mail", client=client, show=False).wait("cells")
        >>> people = ow.outreach_frame(run.tables[0])
        >>> leads = ow.rows_frame(run.tables[0])
        >>> joined = leads.merge(people[["row_id", "send_status"]], on="row_id", how="left")
        >>> len(joined) == len(leads), people["campaign_name"].nunique()
        (True, 1)
    """
    from .leads.rows_request import request_from

    table_id = request_from(table, dtype_backend=dtype_backend, caller=OUTREACH.name).table_id
    operations = operations_for(client, table)
    campaigns = nested_items([await OnLoop(_read_all(operations, f"/tables/{table_id}/campaigns"))])
    people = nested_items([await OnLoop(_people_of(operations, each)) for each in campaigns.items])
    frame = build(
        OUTREACH,
        SourceData("table", ()),
        {
            "table": OriginValues(FieldValues((TABLE_ID.path,), [table_id]), 0 * people.owners),
            "campaign": OriginValues(pluck(campaigns.items, OUTREACH.paths("campaign")), people.owners),
            "person": OriginValues(pluck(people.items, OUTREACH.paths("person"))),
        },
        skipped=campaigns.skipped + people.skipped,
        dtype_backend=dtype_backend,
    )
    frame.attrs["origami"] |= {"table_id": table_id, "untrusted": True}
    return frame


async def _people_of(operations: Operations, campaign: Mapping[str, Any]) -> list[object]:
    path = f"/campaigns/{campaign.get('id')}/people"
    if not PATH.fullmatch(path):
        raise unreadable("The id of a campaign has characters that no id has.")
    # The API allows a draft without an id, whose people it then can't list.
    return [] if campaign.get("id") is None else await _read_all(operations, path)


async def _read_all(operations: Operations, path: str) -> list[object]:
    """Return the items of all pages of a list.

    Raises:
        UnexpectedAnswer: an answer is no list, or its pages never end.
    """
    found: list[object] = []
    cursors: list[str | None] = [None]
    while True:
        page = await operations.request("GET", path, params={"cursor": cursors[-1], "limit": 100})
        if not is_list(page):
            raise unreadable("Expected a list.")
        found += list_items(page)
        cursor = page.get("nextCursor")
        if not cursor:
            return found
        # The API silently starts over at a cursor that it does not know.
        if not isinstance(cursor, str) or cursor in cursors:
            raise unreadable("Its pages start over.")
        cursors.append(cursor)
