"""The error for each error code of the API, and for each HTTP status if the code is unknown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from origami_widgets.api import errors as e
from origami_widgets.api.models.run import RunSummary
from origami_widgets.api.validate import OPERATORS
from origami_widgets.words.foreign_text import cut

if TYPE_CHECKING:
    from origami_widgets.api.models.base import JsonObject
    from origami_widgets.api.responses import ApiResponse

LONGEST_CAUSE = 500


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """Class, title and remedy of an error code."""

    kind: type[e.OrigamiError]
    title: str
    remedy: str
    transient: bool = False


CHECK_ID = "Check the id. It may belong to another organization or project."
FIX_INPUT = "Fix the request and try again."
WAIT = (
    "Try again in a moment. If you're watching a run, we'll keep retrying. If it keeps happening, contact support "
    "with the request id."
)

CODES: dict[str, CatalogEntry] = {
    "VALIDATION_ERROR": CatalogEntry(e.InvalidInput, "Invalid request", FIX_INPUT),
    "MODEL_NOT_AVAILABLE": CatalogEntry(
        e.InvalidInput,
        "Model not available on your plan",
        "Leave out model= to use your plan's default, or use 'origami-lite' or 'origami-max'.",
    ),
    "UNKNOWN_WORKSPACE": CatalogEntry(e.InvalidInput, "No such workspace", CHECK_ID),
    "UNKNOWN_TABLE": CatalogEntry(e.InvalidInput, "No such table", CHECK_ID),
    "WORKSPACE_TABLE_MISMATCH": CatalogEntry(
        e.InvalidInput,
        "Table belongs to another workspace",
        "Start a new agent on it with ow.start(…, focus_tables=[table]), or pass a table of this agent's own workspace.",
    ),
    "INVALID_ATTACHMENT": CatalogEntry(e.InvalidInput, "Invalid attachment", CHECK_ID),
    "INVALID_FILTERS": CatalogEntry(
        e.InvalidInput,
        "Invalid filters",
        f"Pass a list of {{'column': slug, 'operator': …, 'value': …}}. The operators are {', '.join(OPERATORS)}.",
    ),
    "INVALID_SORT": CatalogEntry(e.InvalidInput, "Invalid sort order", "Pass {'column': slug, 'direction': 'asc'}."),
    "UNKNOWN_COLUMN": CatalogEntry(e.InvalidInput, "No such column", "Use a slug from list_columns(table_id)."),
    "UNKNOWN_FIELDS": CatalogEntry(
        e.InvalidInput,
        "Rows contain unknown fields",
        "Write only columns that the table has, by their slugs: client.list_columns(table_id) lists them.",
    ),
    "NON_INPUT_COLUMNS": CatalogEntry(
        e.InvalidInput,
        "Only input columns can be written",
        "Leave out columns that the agent computes: client.list_columns(table_id) lists the kind of each.",
    ),
    "MISSING_MATCH_VALUE": CatalogEntry(
        e.InvalidInput,
        "Missing value in a match column",
        "Give each row a value in every match column, or leave the row out: frame.dropna(subset=['website']).",
    ),
    "DUPLICATE_MATCH_KEY": CatalogEntry(
        e.InvalidInput,
        "Two rows have the same match values",
        "Keep one of them, or match by more columns: match_columns=['website', 'city'].",
    ),
    "INVALID_UPLOAD_MODE": CatalogEntry(
        e.InvalidInput,
        "Invalid upload mode",
        "Use mode='table' or 'append' with a name that ends in .csv, else mode='document'. 'append' needs table_id=.",
    ),
    "MISSING_SCOPE": CatalogEntry(e.InvalidInput, "Missing scope", FIX_INPUT),
    "INVALID_CRON": CatalogEntry(e.InvalidInput, "Invalid cron expression", FIX_INPUT),
    "CRON_TOO_FREQUENT": CatalogEntry(e.InvalidInput, "Schedule is too frequent", FIX_INPUT),
    "PARENT_REQUIRED": CatalogEntry(e.InvalidInput, "Only the parent organization can do this", "Leave out project=."),
    "BUDGET_CAP_REQUIRED": CatalogEntry(e.InvalidInput, "A budget needs a cap", FIX_INPUT),
    "UNAUTHORIZED": CatalogEntry(
        e.AuthenticationError,
        "Invalid API key",
        "Copy a valid key from Origami (Settings, API keys) and call ow.login(), or set ORIGAMI_API_KEY and create a "
        "new client. Runs that already started keep running.",
    ),
    "INSUFFICIENT_CREDITS": CatalogEntry(
        e.InsufficientCredits, "Not enough credits", "Add credits, then start again. Nothing was charged."
    ),
    "BUDGET_EXCEEDED": CatalogEntry(
        e.BudgetExceeded,
        "Budget exceeded",
        "Ask an admin to raise the budget. Buying credits won't help.",
    ),
    "SUBSCRIPTION_REQUIRED": CatalogEntry(
        e.SubscriptionRequired, "Plan doesn't include API access", "Upgrade to a plan with API access."
    ),
    "ACCOUNT_BLOCKED": CatalogEntry(
        e.AccountBlocked, "Account blocked by a billing problem", "Fix the billing problem, then start again."
    ),
    "WORKSPACE_NOT_DELETABLE": CatalogEntry(
        e.PermissionDenied, "This workspace can't be deleted", "Delete it in the app."
    ),
    "WORKSPACE_LIMIT_REACHED": CatalogEntry(
        e.PermissionDenied, "Workspace limit reached", "Delete a workspace or upgrade your plan."
    ),
    "AGENT_NOT_FOUND": CatalogEntry(
        e.AgentNotFound,
        "No such agent",
        f"{CHECK_ID} A table id isn't an agent id: the agent id is the part of a token before the slash.",
    ),
    "RUN_NOT_FOUND": CatalogEntry(
        e.RunNotFound,
        "No such run",
        f"{CHECK_ID} A token looks like 'AGENT_ID/RUN_ID'. Copy it from the menu of the run's card.",
    ),
    "TABLE_NOT_FOUND": CatalogEntry(e.TableNotFound, "No such table", CHECK_ID),
    "ROW_NOT_FOUND": CatalogEntry(e.NotFound, "No such row", CHECK_ID),
    "COLUMN_NOT_FOUND": CatalogEntry(e.NotFound, "No such column", CHECK_ID),
    "PROJECT_NOT_FOUND": CatalogEntry(
        e.ProjectNotFound, "No such project", "Check project=, or leave it out to use the parent organization."
    ),
    "WORKSPACE_NOT_FOUND": CatalogEntry(e.NotFound, "No such workspace", CHECK_ID),
    "DOCUMENT_NOT_FOUND": CatalogEntry(e.NotFound, "No such document", CHECK_ID),
    "BATCH_NOT_FOUND": CatalogEntry(e.NotFound, "No such batch", CHECK_ID),
    "CAMPAIGN_NOT_FOUND": CatalogEntry(e.NotFound, "No such campaign", CHECK_ID),
    "SEQUENCE_NOT_FOUND": CatalogEntry(e.NotFound, "No such sequence", CHECK_ID),
    "SCHEDULED_AGENT_NOT_FOUND": CatalogEntry(e.NotFound, "No such scheduled agent", CHECK_ID),
    "AGENT_BUSY": CatalogEntry(
        e.AgentBusy, "Agent is busy with another run", "Wait for that run to end, or cancel it."
    ),
    "IDEMPOTENCY_ERROR": CatalogEntry(
        e.IdempotencyConflict,
        "Idempotency key already used",
        "If the first request is still in progress, try again later. For a different request, use a new key.",
    ),
    "AMBIGUOUS_MATCH": CatalogEntry(
        e.Conflict,
        "A row matches several existing rows",
        "Match by more columns, or delete the repeated rows of the table in Origami.",
    ),
    "DOCUMENT_PATH_TAKEN": CatalogEntry(
        e.Conflict,
        "A document already exists at this path",
        "Choose another file name, or look at what is there: client.list_documents(workspace_id).",
    ),
    "SEQUENCE_HAS_SENT_MESSAGES": CatalogEntry(
        e.Conflict, "The sequence has already sent messages", "You can only stop it."
    ),
    "NO_SENDING_ACCOUNT": CatalogEntry(e.Conflict, "No sending account connected", "Connect one in the app."),
    "SLUG_TAKEN": CatalogEntry(e.Conflict, "Slug already taken", "Choose another slug."),
    "SLUG_EXHAUSTED": CatalogEntry(e.Conflict, "No free slug found", "Choose another name."),
    "RUN_ALREADY_ACTIVE": CatalogEntry(e.Conflict, "A run is already active", "Wait for it to end."),
    "CONFIRMATION_REQUIRED": CatalogEntry(e.Conflict, "Confirmation required", "Send it again with confirm=true."),
    "TOO_MANY_ROWS": CatalogEntry(
        e.TooLarge, "Too many rows", "Send them in smaller batches. ow.upload(frame, key=…) does that itself."
    ),
    "TOO_MANY_FILES": CatalogEntry(e.TooLarge, "Too many files", "Send them in smaller batches."),
    "UPLOAD_FAILED": CatalogEntry(
        e.InvalidInput,
        "Upload failed",
        "No file was accepted: error.details says why. Check that each is UTF-8 and, for a table, CSV with headings.",
    ),
    "CONCURRENT_LIMIT_EXCEEDED": CatalogEntry(
        e.RunPoolFull,
        "All run slots are in use",
        "Wait for a run to end, cancel one, or upgrade your plan. Nothing was charged.",
    ),
    "RATE_LIMITED": CatalogEntry(e.RateLimited, "Too many requests", WAIT, transient=True),
    "INTERNAL_ERROR": CatalogEntry(e.ServerError, "Origami had an error", WAIT, transient=True),
    "CANCEL_PARTIALLY_FAILED": CatalogEntry(
        e.ServerError, "Couldn't cancel everything", "Cancel again in a moment.", transient=True
    ),
    "BUDGET_UPDATE_FAILED": CatalogEntry(e.ServerError, "Couldn't update the budget", WAIT, transient=True),
    "ENFORCEMENT_UPDATE_FAILED": CatalogEntry(e.ServerError, "Couldn't update the enforcement", WAIT, transient=True),
}

STATUSES: dict[int, CatalogEntry] = {
    400: CatalogEntry(e.InvalidInput, "Invalid request", FIX_INPUT),
    401: CODES["UNAUTHORIZED"],
    402: CatalogEntry(e.PaymentRequired, "Payment required", "Check billing in the app."),
    403: CatalogEntry(e.PermissionDenied, "Permission denied", "Use an admin's key, or ask an admin for access."),
    404: CatalogEntry(e.NotFound, "Not found", CHECK_ID),
    407: CatalogEntry(
        e.ConnectionFailed, "Proxy requires a login", "Set the proxy's username and password in HTTPS_PROXY."
    ),
    408: CatalogEntry(e.ServerError, "Origami timed out waiting for the request", WAIT, transient=True),
    409: CatalogEntry(e.Conflict, "Conflict with the current state", "Check the current state, then try again."),
    413: CatalogEntry(e.TooLarge, "Request is too large", "Send it in smaller parts."),
    422: CatalogEntry(e.InvalidInput, "Request can't be processed", FIX_INPUT),
    425: CatalogEntry(e.ServerError, "Request was sent too early", WAIT, transient=True),
    429: CODES["RATE_LIMITED"],
}
SERVER = CatalogEntry(e.ServerError, "Origami had an error", WAIT, transient=True)
OTHER = CatalogEntry(e.OrigamiError, "Origami rejected the request", "Contact support with the request id.")
NO_API = CatalogEntry(
    e.NotFound, "No Origami API at this address", f"Check base_url: it must be the full URL of the API. {CHECK_ID}"
)
"""Error for a 404 without a code of the API, which comes from a web server or a proxy."""
NOT_FOUND = 404
PROXY_LOGIN = 407
FIRST_SERVER_ERROR = 500


def prefix_hint(base_url: str) -> str:
    """Suggest the path that a base URL probably lacks; empty if it ends in a version, as the API's does.

    >>> prefix_hint("https://origami.chat")
    'base_url must be the full URL of the API. Try https://origami.chat/api/v2.'
    >>> prefix_hint("https://origami.chat/api/v2")
    ''
    """
    if not base_url or re.search(r"/v\d+$", urlsplit(base_url).path):
        return ""
    prefix = f"{base_url.removesuffix('/api')}/api/v2"
    return f"base_url must be the full URL of the API. Try {prefix}."


def error_from(response: ApiResponse, base_url: str = "") -> e.OrigamiError:
    """Return the error for a response that is not a success.

    Args:
        response: the response; its body may be anything, such as the HTML page of a proxy.
        base_url: the base URL of the request, which is wrong if no API answers there.
    """
    body: JsonObject = response.body if isinstance(response.body, dict) else {}
    raw_code = body.get("code")
    code = raw_code if isinstance(raw_code, str) else ""
    entry = CODES.get(code) or STATUSES.get(response.status_code)
    hint = ""
    if response.status_code == NOT_FOUND and code not in CODES and base_url:
        entry, hint = NO_API, prefix_hint(base_url)
    if entry is None:
        entry = SERVER if response.status_code >= FIRST_SERVER_ERROR else OTHER
    details = body.get("details")
    error = entry.kind(
        entry.title,
        cause=f"base_url is {base_url}. {_cause(body, response)}" if entry is NO_API else _cause(body, response),
        remedy=hint or entry.remedy,
        code="PROXY_REFUSED" if response.status_code == PROXY_LOGIN else code,
        status_code=response.status_code,
        request_id=response.request_id,
        link=_link(body),
        details={**{k: v for k, v in body.items() if k not in ("error", "code", "details")}, **_as_dict(details)},
        transient=entry.transient,
        retry_after=response.retry_after,
    )
    # The server never records a 5xx, whatever a proxy adds to it.
    error.is_replay = response.is_replay and response.status_code < FIRST_SERVER_ERROR
    _add_facts(error, body)
    return error


def _cause(body: JsonObject, response: ApiResponse) -> str:
    if not body:
        return response.problem or f"No reason was given (HTTP {response.status_code})."
    texts = [body.get("error"), body.get("message"), body.get("hint"), *_issues(body)]
    message = " ".join(part for part in texts if isinstance(part, str))
    if body.get("creditsRequired") is not None and str(body["creditsRequired"]) not in message:
        texts.append(f"This needs {body['creditsRequired']} credits; you have {body.get('creditsAvailable', 'fewer')}.")
    if isinstance(body.get("blockedByBudgets"), list):
        texts.append(f"Budgets: {', '.join(map(str, body['blockedByBudgets']))}.")
    if isinstance(body.get("reason"), str):
        texts.append(f"Reason: {body['reason'].replace('_', ' ')}.")
    parts = [part.strip() for part in texts if isinstance(part, str) and part.strip()]
    text = " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in dict.fromkeys(parts))
    if not text:
        return f"No reason was given (HTTP {response.status_code})."
    return cut(text, LONGEST_CAUSE)


def _issues(body: JsonObject) -> list[str]:
    issues = _as_dict(body.get("details")).get("issues")
    if not isinstance(issues, list):
        return []
    return [f"{issue.get('path', '')}: {issue.get('message', '')}" for issue in issues[:5] if isinstance(issue, dict)]


def _link(body: JsonObject) -> str | None:
    handoff = e.safe_link(_as_dict(body.get("handoff")).get("url"))
    return handoff or e.safe_link(body.get("topUpUrl"))


def _add_facts(error: e.OrigamiError, body: JsonObject) -> None:
    if isinstance(error, e.AgentBusy):
        current = _as_dict(body.get("currentRun"))
        run = RunSummary.from_raw(current)
        error.current_run_id, error.current_run_started_at = run.id or None, run.started_at
    if isinstance(error, e.RunPoolFull):
        limit, sessions = body.get("limit"), body.get("activeSessions")
        error.limit = limit if isinstance(limit, int) else None
        listed = sessions if isinstance(sessions, list) else []
        error.active_sessions = tuple(session for session in listed if isinstance(session, dict))


def _as_dict(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}
