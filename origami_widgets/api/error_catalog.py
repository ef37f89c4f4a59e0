"""The error for a response of the API that is not a success: by its code, or else by its HTTP status."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from http import HTTPStatus
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
WORDS = re.compile(r"[A-Z]+(_[A-Z]+){1,7}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """Class, remedy and title of an error.

    Attributes:
        kind: its class.
        remedy: what to do next.
        title: what happened; empty if the error's code says it.
        transient: whether trying again may help.
    """

    kind: type[e.OrigamiError]
    remedy: str
    title: str = ""
    transient: bool = False


CHECK_ID = "Check the id. It may belong to another organization or project."
FIX_INPUT = "Fix the request and try again."
WAIT = (
    "Try again in a moment. If you're watching a run, we'll keep retrying. If it keeps happening, contact support "
    "with the request id."
)

STATUSES: dict[int, CatalogEntry] = {
    400: CatalogEntry(e.InvalidInput, FIX_INPUT, "Invalid request"),
    401: CatalogEntry(
        e.AuthenticationError,
        "Copy a valid key from Origami (Settings, API keys) and call ow.login(), or set ORIGAMI_API_KEY and create a "
        "new client. Runs that already started keep running.",
        "Invalid API key",
    ),
    402: CatalogEntry(e.PaymentRequired, "Check billing in the app.", "Payment required"),
    403: CatalogEntry(e.PermissionDenied, "Use an admin's key, or ask an admin for access.", "Permission denied"),
    404: CatalogEntry(e.NotFound, CHECK_ID, "Not found"),
    407: CatalogEntry(e.ConnectionFailed, "Set the user and password in HTTPS_PROXY.", "Proxy requires a login"),
    408: CatalogEntry(e.ServerError, WAIT, "Origami timed out waiting for the request", transient=True),
    409: CatalogEntry(e.Conflict, "Check the current state, then try again.", "Conflict with the current state"),
    413: CatalogEntry(e.TooLarge, "Send it in smaller parts.", "Request is too large"),
    422: CatalogEntry(e.InvalidInput, FIX_INPUT, "Request can't be processed"),
    425: CatalogEntry(e.ServerError, WAIT, "Request was sent too early", transient=True),
    429: CatalogEntry(e.RateLimited, WAIT, "Too many requests", transient=True),
}
SERVER = CatalogEntry(e.ServerError, WAIT, "Origami had an error", transient=True)
OTHER = CatalogEntry(e.OrigamiError, "Contact support with the request id.", "Origami rejected the request")

CODES: dict[str, CatalogEntry] = {
    "VALIDATION_ERROR": STATUSES[400],
    "UNAUTHORIZED": STATUSES[401],
    "RATE_LIMITED": STATUSES[429],
    "INTERNAL_ERROR": SERVER,
    "MODEL_NOT_AVAILABLE": CatalogEntry(
        e.InvalidInput, "Leave out model= to use your plan's default, or use 'origami-lite' or 'origami-max'."
    ),
    "WORKSPACE_TABLE_MISMATCH": CatalogEntry(
        e.InvalidInput,
        "Start a new agent on it with ow.start(…, focus_tables=[table]), or pass a table of this agent's own workspace.",
        "Table belongs to another workspace",
    ),
    "INVALID_FILTERS": CatalogEntry(
        e.InvalidInput,
        f"Pass a list of {{'column': slug, 'operator': …, 'value': …}}. The operators are {', '.join(OPERATORS)}.",
    ),
    "INVALID_SORT": CatalogEntry(e.InvalidInput, "Pass {'column': slug, 'direction': 'asc'}."),
    "UNKNOWN_COLUMN": CatalogEntry(e.InvalidInput, "Use a slug from list_columns(table_id)."),
    "INSUFFICIENT_CREDITS": CatalogEntry(
        e.InsufficientCredits, "Add credits, then start again. Nothing was charged.", "Not enough credits"
    ),
    "BUDGET_EXCEEDED": CatalogEntry(e.BudgetExceeded, "Ask an admin to raise the budget. Buying credits won't help."),
    "SUBSCRIPTION_REQUIRED": CatalogEntry(
        e.SubscriptionRequired, "Upgrade to a plan with API access.", "Plan doesn't include API access"
    ),
    "ACCOUNT_BLOCKED": CatalogEntry(e.AccountBlocked, "Fix the billing problem, then start again."),
    "WORKSPACE_NOT_DELETABLE": CatalogEntry(e.PermissionDenied, "Delete it in the app."),
    "WORKSPACE_LIMIT_REACHED": CatalogEntry(e.PermissionDenied, "Delete a workspace or upgrade your plan."),
    "AGENT_NOT_FOUND": CatalogEntry(
        e.AgentNotFound,
        f"{CHECK_ID} A table id isn't an agent id: the agent id is the part of a token before the slash.",
    ),
    "RUN_NOT_FOUND": CatalogEntry(
        e.RunNotFound,
        f"{CHECK_ID} A token looks like 'AGENT_ID/RUN_ID'. Copy it from the menu of the run's card.",
    ),
    "TABLE_NOT_FOUND": CatalogEntry(e.TableNotFound, CHECK_ID),
    "PROJECT_NOT_FOUND": CatalogEntry(
        e.ProjectNotFound, "Check project=, or leave it out to use the parent organization."
    ),
    "AGENT_BUSY": CatalogEntry(
        e.AgentBusy, "Wait for that run to end, or cancel it.", "Agent is busy with another run"
    ),
    "IDEMPOTENCY_ERROR": CatalogEntry(
        e.IdempotencyConflict,
        "If the first request is still in progress, try again later. For a different request, use a new key.",
        "Idempotency key already used",
    ),
    "CONCURRENT_LIMIT_EXCEEDED": CatalogEntry(
        e.RunPoolFull,
        "Wait for a run to end, cancel one, or upgrade your plan. Nothing was charged.",
        "All run slots are in use",
    ),
}
"""Codes with a class of their own, or with a remedy that the server does not say. For others, the status decides."""
NO_API = CatalogEntry(
    e.NotFound, f"Check base_url: it must be the full URL of the API. {CHECK_ID}", "No Origami API at this address"
)
"""Error for a 404 without a code of the API, which comes from a web server or a proxy."""


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
    hint = ""
    entry = CODES.get(code)
    if entry is None:
        by_status = STATUSES.get(
            response.status_code, SERVER if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR else OTHER
        )
        entry = replace(by_status, title=title_of(code) or by_status.title)
        if response.status_code == HTTPStatus.NOT_FOUND and base_url and not code.endswith("_NOT_FOUND"):
            entry, hint = NO_API, prefix_hint(base_url)
    error = entry.kind(
        entry.title or title_of(code),
        cause=f"base_url is {base_url}. {_cause(body, response)}" if entry is NO_API else _cause(body, response),
        remedy=hint or entry.remedy,
        code="PROXY_REFUSED" if response.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED else code,
        status_code=response.status_code,
        request_id=response.request_id,
        link=e.safe_link(_as_dict(body.get("handoff")).get("url")) or e.safe_link(body.get("topUpUrl")),
        details={
            **{k: v for k, v in body.items() if k not in ("error", "code", "details")},
            **_as_dict(body.get("details")),
        },
        transient=entry.transient,
        retry_after=response.retry_after,
    )
    # The server never records a 5xx, whatever a proxy adds to it.
    error.is_replay = response.is_replay and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
    _add_facts(error, body)
    return error


def title_of(code: str) -> str:
    """Return what a code says, as a title; empty if it is no code.

    >>> title_of("DOCUMENT_PATH_TAKEN"), title_of("WORKSPACE_NOT_FOUND"), title_of("7")
    ('Document path taken', 'No such workspace', '')
    """
    if not WORDS.fullmatch(code):
        return ""
    words = code.replace("_", " ").lower()
    return f"No such {words.removesuffix(' not found')}" if words.endswith(" not found") else words.capitalize()


def _cause(body: JsonObject, response: ApiResponse) -> str:
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
    return cut(text, LONGEST_CAUSE) or response.problem or f"No reason was given (HTTP {response.status_code})."


def _issues(body: JsonObject) -> list[str]:
    issues = _as_dict(body.get("details")).get("issues")
    if not isinstance(issues, list):
        return []
    return [f"{issue.get('path', '')}: {issue.get('message', '')}" for issue in issues[:5] if isinstance(issue, dict)]


def _add_facts(error: e.OrigamiError, body: JsonObject) -> None:
    if isinstance(error, e.AgentBusy):
        run = RunSummary.from_raw(body.get("currentRun"))
        error.current_run_id, error.current_run_started_at = run.id or None, run.started_at
    if isinstance(error, e.RunPoolFull):
        limit, sessions = body.get("limit"), body.get("activeSessions")
        error.limit = limit if isinstance(limit, int) else None
        listed = sessions if isinstance(sessions, list) else []
        error.active_sessions = tuple(session for session in listed if isinstance(session, dict))


def _as_dict(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}
