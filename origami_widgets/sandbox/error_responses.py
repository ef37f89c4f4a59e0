"""Error responses of the API: status, code, sentence and the fields that belong to the code."""

from __future__ import annotations

from typing import Any

SITE = "https://origami-sandbox.invalid"
"""Base of links to the web app. The name cannot resolve, so no link of the sandbox leads anywhere."""


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


def invalid(
    *issues: tuple[str, str], code: str = "VALIDATION_ERROR", error: str = "Validation failed", status: int = 400
) -> ErrorResponse:
    """Return a 400, or the given status, with its issues as (path, message)."""
    details = {"issues": [{"path": path, "message": message} for path, message in issues]}
    return ErrorResponse(status, code, error, details=details)


def not_found(what: str) -> ErrorResponse:
    """Return the 404 of a kind of object, for instance `agent`."""
    return ErrorResponse(404, f"{what.upper()}_NOT_FOUND", f"{what.replace('_', ' ').capitalize()} not found")


def unknown_column(path: str) -> ErrorResponse:
    """Return the 400 of a slug that no column has."""
    return invalid((path, "No such column"), code="UNKNOWN_COLUMN", error="Unknown column")


def too_many(what: str, count: int, limit: int) -> ErrorResponse:
    """Return the 413 of too many `rows` or `files`."""
    details = {what: count, "limit": limit}
    return ErrorResponse(413, f"TOO_MANY_{what.upper()}", f"Too many {what}: at most {limit}", details=details)


def payload_too_large(limit: int) -> ErrorResponse:
    """Return the 413 of a body with too many bytes."""
    return ErrorResponse(413, "PAYLOAD_TOO_LARGE", f"The request body is larger than {limit} bytes")


def document_path_taken() -> ErrorResponse:
    """Return the 409 of a file name that another document of the container has."""
    return ErrorResponse(409, "DOCUMENT_PATH_TAKEN", "Another document has this name")


def unknown_table(path: str) -> ErrorResponse:
    """Return the 400 of a table in a body that isn't in scope."""
    return invalid((path, "No such table"), code="UNKNOWN_TABLE", error="Unknown table")


def workspace_table_mismatch(path: str) -> ErrorResponse:
    """Return the 400 of a table that belongs to another workspace than the one that is named."""
    return invalid(
        (path, "Table belongs to another workspace"),
        code="WORKSPACE_TABLE_MISMATCH",
        error="Table and workspace do not match",
    )


def unauthorized() -> ErrorResponse:
    """Return the 401."""
    return ErrorResponse(401, "UNAUTHORIZED", "Missing or invalid API key", headers={"WWW-Authenticate": "Bearer"})


def agent_busy(run_id: str, started_at: str) -> ErrorResponse:
    """Return the 409 of an agent with an active run."""
    return ErrorResponse(
        409,
        "AGENT_BUSY",
        "A run is already in flight on this agent",
        currentRun={"id": run_id, "startedAt": started_at},
    )


def pool_full(limit: int, sessions: list[dict[str, str]], *, can_upgrade: bool, retry_after: int) -> ErrorResponse:
    """Return the 429 of an organization without a free run slot."""
    return ErrorResponse(
        429,
        "CONCURRENT_LIMIT_EXCEEDED",
        f"All {limit} run slots of your plan are in use",
        headers={"Retry-After": str(retry_after)},
        limit=limit,
        activeSessions=sessions,
        canUpgrade=can_upgrade,
    )


def rate_limited(retry_after: int) -> ErrorResponse:
    """Return the 429 of a rate limit."""
    return ErrorResponse(429, "RATE_LIMITED", "Too many requests", headers={"Retry-After": str(retry_after)})


def insufficient_credits(required: int, available: int) -> ErrorResponse:
    """Return the 402 of too few credits."""
    return ErrorResponse(
        402,
        "INSUFFICIENT_CREDITS",
        "Insufficient credits",
        creditsRequired=required,
        creditsAvailable=available,
        topUpUrl=f"{SITE}/settings/billing?source=api",
        message=f"This needs at least {required} credits; you have {available}.",
        handoff=_handoff("top-up", "/settings/billing", "Add credits"),
    )


def budget_exceeded() -> ErrorResponse:
    """Return the 402 of a project whose budget is used up."""
    return ErrorResponse(
        402,
        "BUDGET_EXCEEDED",
        "Budget exceeded",
        blockedByBudgets=["Monthly project budget"],
        message="The monthly project budget is used up. Raise the budget, or wait until next month.",
        handoff=_handoff("budget", "/settings/budgets", "Review budgets"),
    )


def subscription_required() -> ErrorResponse:
    """Return the 402 of a plan without API access."""
    return ErrorResponse(
        402,
        "SUBSCRIPTION_REQUIRED",
        "Your plan doesn't include API access",
        hint="Upgrade to a plan with API access.",
        handoff=_handoff("upgrade", "/settings/plan", "See plans"),
    )


def account_blocked() -> ErrorResponse:
    """Return the 402 of an account with a billing problem."""
    return ErrorResponse(
        402,
        "ACCOUNT_BLOCKED",
        "The account is blocked",
        reason="payment_failed",
        message="The last payment failed. Update your payment method to continue.",
        handoff=_handoff("billing", "/settings/billing", "Update payment method"),
    )


def _handoff(kind: str, path: str, label: str) -> dict[str, str]:
    return {"kind": kind, "url": SITE + path, "label": label}
