"""The error for each error code of the API, and for each HTTP status when the code is new."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from origami_widgets.api import errors as e
from origami_widgets.api.models.run import RunSummary

if TYPE_CHECKING:
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
FIX_INPUT = "Correct what is named above and send it again."
WAIT = "Try again in a moment (a watched run is asked about again by itself). If it stays, tell support the request id."

CODES: dict[str, CatalogEntry] = {
    "VALIDATION_ERROR": CatalogEntry(e.InvalidInput, "Origami does not accept this request", FIX_INPUT),
    "MODEL_NOT_AVAILABLE": CatalogEntry(
        e.InvalidInput,
        "This model is not on the plan",
        "Leave model= out for the plan's default, or use 'origami-lite' or 'origami-max'.",
    ),
    "UNKNOWN_WORKSPACE": CatalogEntry(e.InvalidInput, "There is no such workspace", CHECK_ID),
    "UNKNOWN_TABLE": CatalogEntry(e.InvalidInput, "There is no such table", CHECK_ID),
    "WORKSPACE_TABLE_MISMATCH": CatalogEntry(e.InvalidInput, "The table belongs to another workspace", CHECK_ID),
    "INVALID_ATTACHMENT": CatalogEntry(e.InvalidInput, "An attachment cannot be used", CHECK_ID),
    "INVALID_FILTERS": CatalogEntry(
        e.InvalidInput,
        "The filters are not valid",
        "Give a list of {'column': slug, 'operator': …, 'value': …}.",
    ),
    "INVALID_SORT": CatalogEntry(
        e.InvalidInput, "The sort order is not valid", "Give {'column': slug, 'direction': 'asc'}."
    ),
    "UNKNOWN_COLUMN": CatalogEntry(
        e.InvalidInput, "The table has no such column", "Use a slug from list_columns(table_id)."
    ),
    "UNKNOWN_FIELDS": CatalogEntry(e.InvalidInput, "The rows hold fields that are no columns", FIX_INPUT),
    "NON_INPUT_COLUMNS": CatalogEntry(e.InvalidInput, "Only input columns can be written", FIX_INPUT),
    "MISSING_MATCH_VALUE": CatalogEntry(e.InvalidInput, "A row has no value in a match column", FIX_INPUT),
    "DUPLICATE_MATCH_KEY": CatalogEntry(e.InvalidInput, "Two rows have the same match values", FIX_INPUT),
    "INVALID_UPLOAD_MODE": CatalogEntry(e.InvalidInput, "The upload mode is not valid", FIX_INPUT),
    "MISSING_SCOPE": CatalogEntry(e.InvalidInput, "The request names no scope", FIX_INPUT),
    "INVALID_CRON": CatalogEntry(e.InvalidInput, "The cron expression is not valid", FIX_INPUT),
    "CRON_TOO_FREQUENT": CatalogEntry(e.InvalidInput, "The schedule is too frequent", FIX_INPUT),
    "PARENT_REQUIRED": CatalogEntry(
        e.InvalidInput, "Only the parent organization can do this", "Leave the project out."
    ),
    "BUDGET_CAP_REQUIRED": CatalogEntry(e.InvalidInput, "A budget needs a cap", FIX_INPUT),
    "UNAUTHORIZED": CatalogEntry(
        e.AuthenticationError,
        "Origami does not accept the API key",
        "Take a valid key from Origami (Settings, API keys) and call ow.login(), which asks for it; or set ORIGAMI_API_KEY "
        "and make a new client. "
        "Runs that were started go on at the server.",
    ),
    "INSUFFICIENT_CREDITS": CatalogEntry(
        e.InsufficientCredits, "Too few credits to start a run", "Add credits, then start again. Nothing was charged."
    ),
    "BUDGET_EXCEEDED": CatalogEntry(
        e.BudgetExceeded,
        "A budget is used up",
        "Ask whoever keeps the budget to raise it; buying credits does not help.",
    ),
    "SUBSCRIPTION_REQUIRED": CatalogEntry(
        e.SubscriptionRequired, "The plan does not include the API", "Change to a plan with API access."
    ),
    "ACCOUNT_BLOCKED": CatalogEntry(
        e.AccountBlocked, "Billing blocks the account", "Put the billing right, then start again."
    ),
    "WORKSPACE_NOT_DELETABLE": CatalogEntry(
        e.PermissionDenied, "This workspace cannot be deleted", "Delete it in the app."
    ),
    "WORKSPACE_LIMIT_REACHED": CatalogEntry(
        e.PermissionDenied, "No more workspaces are allowed", "Delete one, or change the plan."
    ),
    "AGENT_NOT_FOUND": CatalogEntry(
        e.AgentNotFound,
        "There is no such agent",
        f"{CHECK_ID} The id of a table is not the id of an agent: an agent's is the part of a token before the slash.",
    ),
    "RUN_NOT_FOUND": CatalogEntry(
        e.RunNotFound, "There is no such run", f"{CHECK_ID} A token is 'AGENT_ID/RUN_ID', as the card's foot shows it."
    ),
    "TABLE_NOT_FOUND": CatalogEntry(e.TableNotFound, "There is no such table", CHECK_ID),
    "ROW_NOT_FOUND": CatalogEntry(e.NotFound, "There is no such row", CHECK_ID),
    "COLUMN_NOT_FOUND": CatalogEntry(e.NotFound, "There is no such column", CHECK_ID),
    "PROJECT_NOT_FOUND": CatalogEntry(
        e.ProjectNotFound, "There is no such project", "Check project=, or leave it out for the parent organization."
    ),
    "WORKSPACE_NOT_FOUND": CatalogEntry(e.NotFound, "There is no such workspace", CHECK_ID),
    "DOCUMENT_NOT_FOUND": CatalogEntry(e.NotFound, "There is no such document", CHECK_ID),
    "BATCH_NOT_FOUND": CatalogEntry(e.NotFound, "There is no such batch", CHECK_ID),
    "CAMPAIGN_NOT_FOUND": CatalogEntry(e.NotFound, "There is no such campaign", CHECK_ID),
    "SEQUENCE_NOT_FOUND": CatalogEntry(e.NotFound, "There is no such sequence", CHECK_ID),
    "SCHEDULED_AGENT_NOT_FOUND": CatalogEntry(e.NotFound, "There is no such scheduled agent", CHECK_ID),
    "AGENT_BUSY": CatalogEntry(
        e.AgentBusy, "The agent is working on another run", "Wait until that run has ended, or cancel it."
    ),
    "IDEMPOTENCY_ERROR": CatalogEntry(
        e.IdempotencyConflict,
        "This request was sent before",
        "If the first one is still on its way, the same request succeeds later; a different one needs a new key.",
    ),
    "AMBIGUOUS_MATCH": CatalogEntry(e.Conflict, "A row matches several others", FIX_INPUT),
    "DOCUMENT_PATH_TAKEN": CatalogEntry(e.Conflict, "There is a document at this path", "Choose another path."),
    "SEQUENCE_HAS_SENT_MESSAGES": CatalogEntry(e.Conflict, "The sequence has sent messages", "It can only be stopped."),
    "NO_SENDING_ACCOUNT": CatalogEntry(e.Conflict, "No sending account is connected", "Connect one in the app."),
    "SLUG_TAKEN": CatalogEntry(e.Conflict, "The slug is taken", "Choose another slug."),
    "SLUG_EXHAUSTED": CatalogEntry(e.Conflict, "No free slug was found", "Choose another name."),
    "RUN_ALREADY_ACTIVE": CatalogEntry(e.Conflict, "A run is active already", "Wait until it has ended."),
    "CONFIRMATION_REQUIRED": CatalogEntry(e.Conflict, "This must be confirmed", "Send it again with confirm=true."),
    "TOO_MANY_ROWS": CatalogEntry(e.TooLarge, "Too many rows at once", "Send them in smaller parts."),
    "TOO_MANY_FILES": CatalogEntry(e.TooLarge, "Too many files at once", "Send them in smaller parts."),
    "UPLOAD_FAILED": CatalogEntry(e.InvalidInput, "No file could be taken", FIX_INPUT),
    "CONCURRENT_LIMIT_EXCEEDED": CatalogEntry(
        e.RunPoolFull,
        "All run slots of the plan are in use",
        "Wait until a run has ended, cancel one, or change to a larger plan. Nothing was charged.",
    ),
    "RATE_LIMITED": CatalogEntry(e.RateLimited, "Too many requests for the moment", WAIT, transient=True),
    "INTERNAL_ERROR": CatalogEntry(e.ServerError, "Origami had a problem", WAIT, transient=True),
    "CANCEL_PARTIALLY_FAILED": CatalogEntry(
        e.ServerError, "Not everything could be cancelled", "Cancel again in a moment.", transient=True
    ),
    "BUDGET_UPDATE_FAILED": CatalogEntry(e.ServerError, "The budget could not be changed", WAIT, transient=True),
    "ENFORCEMENT_UPDATE_FAILED": CatalogEntry(
        e.ServerError, "The enforcement could not be changed", WAIT, transient=True
    ),
}

STATUSES: dict[int, CatalogEntry] = {
    400: CatalogEntry(e.InvalidInput, "Origami does not accept this request", FIX_INPUT),
    401: CODES["UNAUTHORIZED"],
    402: CatalogEntry(e.PaymentRequired, "Plan or credits do not allow this", "Look at billing in the app."),
    403: CatalogEntry(e.PermissionDenied, "The key may not do this", "Use a key of an administrator, or ask one."),
    404: CatalogEntry(e.NotFound, "Not found", CHECK_ID),
    407: CatalogEntry(e.ConnectionFailed, "A proxy wants a login", "Set the proxy's user and password in HTTPS_PROXY."),
    408: CatalogEntry(e.ServerError, "The server waited too long for the request", WAIT, transient=True),
    409: CatalogEntry(e.Conflict, "This does not fit the present state", "Look at the present state, then decide."),
    413: CatalogEntry(e.TooLarge, "The request is too large", "Send it in smaller parts."),
    422: CatalogEntry(e.InvalidInput, "Origami cannot use this request", FIX_INPUT),
    425: CatalogEntry(e.ServerError, "The server was asked too early", WAIT, transient=True),
    429: CODES["RATE_LIMITED"],
}
SERVER = CatalogEntry(e.ServerError, "Origami had a problem", WAIT, transient=True)
OTHER = CatalogEntry(e.OrigamiError, "Origami refused the request", "Tell support the request id.")
NO_API = CatalogEntry(
    e.NotFound, "There is no Origami API at this address", f"Check base_url, the whole prefix of the API. {CHECK_ID}"
)
"""For a 404 without a code of the API: a web server or a proxy answered."""
NOT_FOUND = 404
PROXY_LOGIN = 407
FIRST_SERVER_ERROR = 500


def prefix_hint(base_url: str) -> str:
    """Suggest the prefix that a base URL probably lacks; empty when it ends in a version, as that of the API does.

    >>> prefix_hint("https://origami.chat")
    'base_url must be the whole prefix of the API. Try https://origami.chat/api/v2.'
    >>> prefix_hint("https://origami.chat/api/v2")
    ''
    """
    if not base_url or re.search(r"/v\d+$", urlsplit(base_url).path):
        return ""
    prefix = f"{base_url.removesuffix('/api')}/api/v2"
    return f"base_url must be the whole prefix of the API. Try {prefix}."


def error_from(response: ApiResponse, base_url: str = "") -> e.OrigamiError:
    """Return the error for a response that is not a success.

    Args:
        response: the response; its body may be anything, such as the HTML page of a proxy.
        base_url: the base URL of the request, which is wrong when no API answers there.
    """
    body: dict[str, Any] = response.body if isinstance(response.body, dict) else {}
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
    # A 5xx is never recorded, whatever a proxy adds to it.
    error.is_replay = response.is_replay and response.status_code < FIRST_SERVER_ERROR
    _add_facts(error, body)
    return error


def _cause(body: dict[str, Any], response: ApiResponse) -> str:
    if not body:
        return response.problem or f"The answer has no explanation (HTTP {response.status_code})."
    texts = [body.get("error"), body.get("message"), body.get("hint"), *_issues(body)]
    message = " ".join(part for part in texts if isinstance(part, str))
    if body.get("creditsRequired") is not None and str(body["creditsRequired"]) not in message:
        texts.append(
            f"{body['creditsRequired']} credits are needed, {body.get('creditsAvailable', 'fewer')} are there."
        )
    if isinstance(body.get("blockedByBudgets"), list):
        texts.append(f"Budgets: {', '.join(map(str, body['blockedByBudgets']))}.")
    if isinstance(body.get("reason"), str):
        texts.append(f"Reason: {body['reason'].replace('_', ' ')}.")
    parts = [part.strip() for part in texts if isinstance(part, str) and part.strip()]
    text = " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in dict.fromkeys(parts))
    if not text:
        return f"The answer has no explanation (HTTP {response.status_code})."
    return text if len(text) <= LONGEST_CAUSE else f"{text[:LONGEST_CAUSE]}…"


def _issues(body: dict[str, Any]) -> list[str]:
    issues = _as_dict(body.get("details")).get("issues")
    if not isinstance(issues, list):
        return []
    return [f"{issue.get('path', '')}: {issue.get('message', '')}" for issue in issues[:5] if isinstance(issue, dict)]


def _link(body: dict[str, Any]) -> str | None:
    handoff = e.safe_link(_as_dict(body.get("handoff")).get("url"))
    return handoff or e.safe_link(body.get("topUpUrl"))


def _add_facts(error: e.OrigamiError, body: dict[str, Any]) -> None:
    if isinstance(error, e.AgentBusy):
        current = _as_dict(body.get("currentRun"))
        run = RunSummary.from_raw(current)
        error.current_run_id, error.current_run_started_at = run.id or None, run.started_at
    if isinstance(error, e.RunPoolFull):
        limit, sessions = body.get("limit"), body.get("activeSessions")
        error.limit = limit if isinstance(limit, int) else None
        listed = sessions if isinstance(sessions, list) else []
        error.active_sessions = tuple(session for session in listed if isinstance(session, dict))


def _as_dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
