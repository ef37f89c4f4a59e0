"""The errors that you may want to catch, each an `OrigamiError`: `except ow.errors.AmbiguousStart`.

`PastedKey` is a warning. Each name is imported on first use.

Example:
    >>> import origami_widgets as ow
    >>> try:
    ...     ow.attach("nonsense", client=ow.Sandbox(speed=600).client(), show=False)
    ... except ow.errors.InvalidInput as error:
    ...     print(error.title)
    Invalid run token
"""

# ruff: noqa: PLC0414 - type checkers take a name that is imported "as" itself for a public one

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from origami_widgets.api.errors import AccountBlocked as AccountBlocked
    from origami_widgets.api.errors import AgentBusy as AgentBusy
    from origami_widgets.api.errors import AgentNotFound as AgentNotFound
    from origami_widgets.api.errors import AmbiguousStart as AmbiguousStart
    from origami_widgets.api.errors import AuthenticationError as AuthenticationError
    from origami_widgets.api.errors import BudgetExceeded as BudgetExceeded
    from origami_widgets.api.errors import CannotBlock as CannotBlock
    from origami_widgets.api.errors import Conflict as Conflict
    from origami_widgets.api.errors import ConnectionFailed as ConnectionFailed
    from origami_widgets.api.errors import IdempotencyConflict as IdempotencyConflict
    from origami_widgets.api.errors import InsufficientCredits as InsufficientCredits
    from origami_widgets.api.errors import InvalidInput as InvalidInput
    from origami_widgets.api.errors import MissingKey as MissingKey
    from origami_widgets.api.errors import NoEventLoop as NoEventLoop
    from origami_widgets.api.errors import NotFound as NotFound
    from origami_widgets.api.errors import PaymentRequired as PaymentRequired
    from origami_widgets.api.errors import PermissionDenied as PermissionDenied
    from origami_widgets.api.errors import ProjectNotFound as ProjectNotFound
    from origami_widgets.api.errors import RateLimited as RateLimited
    from origami_widgets.api.errors import RedirectRefused as RedirectRefused
    from origami_widgets.api.errors import RequestTimedOut as RequestTimedOut
    from origami_widgets.api.errors import RunNotFound as RunNotFound
    from origami_widgets.api.errors import RunPoolFull as RunPoolFull
    from origami_widgets.api.errors import ServerError as ServerError
    from origami_widgets.api.errors import SubscriptionRequired as SubscriptionRequired
    from origami_widgets.api.errors import TableNotFound as TableNotFound
    from origami_widgets.api.errors import TooLarge as TooLarge
    from origami_widgets.api.errors import UnexpectedAnswer as UnexpectedAnswer
    from origami_widgets.api.keys.secret import PastedKey as PastedKey
    from origami_widgets.enrichment import EnrichmentFailed as EnrichmentFailed
    from origami_widgets.frames.leads.row_reading import IncompleteRows as IncompleteRows
    from origami_widgets.frames.own_list.joining import AmbiguousKey as AmbiguousKey
    from origami_widgets.ledger import AnswerNeeded as AnswerNeeded
    from origami_widgets.ledger import LedgerUnusable as LedgerUnusable
    from origami_widgets.run.follow_up import ContinuedElsewhere as ContinuedElsewhere
    from origami_widgets.run.own_list.upload_job import KeysChanged as KeysChanged
    from origami_widgets.run.starts.call import StartDeclined as StartDeclined
    from origami_widgets.run.starts.cancel import CancelPending as CancelPending
    from origami_widgets.run.starts.cancel import NotOurs as NotOurs
    from origami_widgets.run.starts.credit_limit import CreditLimitReached as CreditLimitReached
    from origami_widgets.run.starts.record import NameTaken as NameTaken
    from origami_widgets.run.starts.store import RegistryUnusable as RegistryUnusable
    from origami_widgets.run.state import RunFailed as RunFailed
    from origami_widgets.run.waiting import WaitTimedOut as WaitTimedOut
    from origami_widgets.run.waiting import WatchStopped as WatchStopped

_MODULES: dict[str, tuple[str, ...]] = {
    "api.errors": (
        "AccountBlocked",
        "AgentBusy",
        "AgentNotFound",
        "AmbiguousStart",
        "AuthenticationError",
        "BudgetExceeded",
        "CannotBlock",
        "Conflict",
        "ConnectionFailed",
        "IdempotencyConflict",
        "InsufficientCredits",
        "InvalidInput",
        "MissingKey",
        "NoEventLoop",
        "NotFound",
        "PaymentRequired",
        "PermissionDenied",
        "ProjectNotFound",
        "RateLimited",
        "RedirectRefused",
        "RequestTimedOut",
        "RunNotFound",
        "RunPoolFull",
        "ServerError",
        "SubscriptionRequired",
        "TableNotFound",
        "TooLarge",
        "UnexpectedAnswer",
    ),
    "api.keys.secret": ("PastedKey",),
    "enrichment": ("EnrichmentFailed",),
    "frames.leads.row_reading": ("IncompleteRows",),
    "frames.own_list.joining": ("AmbiguousKey",),
    "ledger": ("AnswerNeeded", "LedgerUnusable"),
    "run.follow_up": ("ContinuedElsewhere",),
    "run.own_list.upload_job": ("KeysChanged",),
    "run.starts.call": ("StartDeclined",),
    "run.starts.cancel": ("CancelPending", "NotOurs"),
    "run.starts.credit_limit": ("CreditLimitReached",),
    "run.starts.record": ("NameTaken",),
    "run.starts.store": ("RegistryUnusable",),
    "run.state": ("RunFailed",),
    "run.waiting": ("WaitTimedOut", "WatchStopped"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [*sorted(_HOMES)]  # noqa: PLE0604 - the names of the table above, nothing else


def __getattr__(name: str) -> object:
    """Import an error from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}. It has {', '.join(__all__)}.")
    value = getattr(importlib.import_module(f"{__package__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
