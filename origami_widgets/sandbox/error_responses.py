"""Error responses of the API: status, code, sentence and the fields that belong to the code."""

from __future__ import annotations

from typing import Any

SITE = "https://origami-sandbox.invalid"
"""Base of links to the web app. The name cannot resolve, so no link of the sandbox leads anywhere."""

_REFUSALS: dict[str, tuple[int, str]] = {
    "VALIDATION_ERROR": (400, "Validation failed"),
    "DUPLICATE_MATCH_KEY": (400, "Two rows have the same key"),
    "INVALID_ATTACHMENT": (400, "Invalid attachment"),
    "INVALID_FILTERS": (400, "Invalid filters"),
    "INVALID_SORT": (400, "Invalid sort"),
    "INVALID_UPLOAD_MODE": (400, "Invalid upload mode"),
    "MISSING_MATCH_VALUE": (400, "A value to match is missing"),
    "MODEL_NOT_AVAILABLE": (400, "This model isn't available on your plan"),
    "NON_INPUT_COLUMNS": (400, "Only input columns can be written"),
    "UNKNOWN_COLUMN": (400, "Unknown column"),
    "UNKNOWN_FIELDS": (400, "Unknown fields"),
    "UNKNOWN_TABLE": (400, "Unknown table"),
    "UNKNOWN_WORKSPACE": (400, "Unknown workspace"),
    "WORKSPACE_TABLE_MISMATCH": (400, "Table and workspace do not match"),
    "UNAUTHORIZED": (401, "Missing or invalid API key"),
    "ACCOUNT_BLOCKED": (402, "The account is blocked"),
    "BUDGET_EXCEEDED": (402, "Budget exceeded"),
    "INSUFFICIENT_CREDITS": (402, "Insufficient credits"),
    "SUBSCRIPTION_REQUIRED": (402, "Your plan doesn't include API access"),
    "HOST_NOT_ALLOWED": (
        403,
        "The sandbox only accepts localhost, 127.0.0.1 and [::1]. Use one of them in the base URL.",
    ),
    "WORKSPACE_NOT_DELETABLE": (403, "Only a workspace that was created with the API can be deleted"),
    "NOT_FOUND": (404, "The sandbox doesn't serve this request"),
    "METHOD_NOT_ALLOWED": (405, "The sandbox doesn't serve this method here"),
    "AGENT_BUSY": (409, "A run is already in flight on this agent"),
    "AMBIGUOUS_MATCH": (409, "Several rows of the table have this key"),
    "DOCUMENT_PATH_TAKEN": (409, "Another document has this name"),
    "IDEMPOTENCY_ERROR": (409, "This Idempotency-Key was used for another request"),
    "PAYLOAD_TOO_LARGE": (413, "The request body is too large"),
    "TOO_MANY_FILES": (413, "Too many files"),
    "TOO_MANY_ROWS": (413, "Too many rows"),
    "UPLOAD_FAILED": (422, "No file could be taken"),
    "CONCURRENT_LIMIT_EXCEEDED": (429, "All run slots of your plan are in use"),
    "RATE_LIMITED": (429, "Too many requests"),
}


def _handoff(kind: str, path: str, label: str) -> dict[str, str]:
    return {"kind": kind, "url": SITE + path, "label": label}


_FIELDS: dict[str, dict[str, Any]] = {
    "ACCOUNT_BLOCKED": {
        "reason": "payment_failed",
        "message": "The last payment failed. Update your payment method to continue.",
        "handoff": _handoff("billing", "/settings/billing", "Update payment method"),
    },
    "BUDGET_EXCEEDED": {
        "blockedByBudgets": ["Monthly project budget"],
        "message": "The monthly project budget is used up. Raise the budget, or wait until next month.",
        "handoff": _handoff("budget", "/settings/budgets", "Review budgets"),
    },
    "INSUFFICIENT_CREDITS": {
        "topUpUrl": f"{SITE}/settings/billing?source=api",
        "handoff": _handoff("top-up", "/settings/billing", "Add credits"),
    },
    "SUBSCRIPTION_REQUIRED": {
        "hint": "Upgrade to a plan with API access.",
        "handoff": _handoff("upgrade", "/settings/plan", "See plans"),
    },
}
"""Fields that every answer with the code has."""


class ErrorResponse(Exception):
    """Raised to answer a request with an error body.

    Args:
        status: HTTP status.
        code: UPPER_SNAKE_CASE code.
        error: sentence for people.
        headers: extra headers, for instance `Retry-After`.
        fields: further top-level fields of the body.
    """

    def __init__(
        self, status: int, code: str, error: str, *, headers: dict[str, str] | None = None, **fields: Any
    ) -> None:
        super().__init__(error)
        self.status = status
        self.headers = headers or {}
        self.body: dict[str, Any] = {"error": error, "code": code, **fields}


def refusal(code: str, error: str = "", *, headers: dict[str, str] | None = None, **fields: Any) -> ErrorResponse:
    """Return the response of a code, with a sentence of its own or its usual one."""
    status, usual = _REFUSALS[code]
    return ErrorResponse(status, code, error or usual, headers=headers, **_FIELDS.get(code, {}), **fields)


def invalid(*issues: tuple[str, str], code: str = "VALIDATION_ERROR") -> ErrorResponse:
    """Return the response of a code with its issues as (path, message)."""
    return refusal(code, details={"issues": [{"path": path, "message": message} for path, message in issues]})


def not_found(what: str) -> ErrorResponse:
    """Return the 404 of a kind of object, for instance `agent`."""
    return ErrorResponse(404, f"{what.upper()}_NOT_FOUND", f"{what.capitalize()} not found")
