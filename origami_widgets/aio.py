"""The functions that block, to be awaited, under the same names: `await ow.aio.start("…")`.

Use them in event loops, and in hosts where Python has only one thread (JupyterLite). Their arguments, results, errors and
costs are those of `ow.start` and the others. They never ask before a start. Cancelling the task of `start` or `enrich` does
not cancel a run that it has started: the `CancelledError` carries `idempotency_key` and `reconcile_async()`, which finds
the run. Methods have a twin of their own: `await run.answer_async("yes")`.

Example:
    >>> import asyncio
    >>> import origami_widgets as ow
    >>> async def main():
    ...     client = ow.Sandbox(speed=600).client()
    ...     run = await ow.aio.start("List bakeries in Porto", client=client, show=False)
    ...     leads = await ow.aio.leads_frame(await run.settle())
    ...     changes = await ow.aio.refresh_leads(leads)
    ...     return (await ow.aio.attach(run.token, client=client, show=False)).status, changes.new.empty
    >>> asyncio.run(main())
    ('completed', True)
    >>> async def enriched(companies):
    ...     client = ow.Sandbox(speed=600).client()
    ...     return await ow.aio.enrich(companies, "Find the owner's e-mail", key="website", client=client, show=False)
    >>> asyncio.run(enriched([{"website": "pao.example"}]))["website"].to_list()
    ['pao.example']
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from origami_widgets import enrichment, frames, ledger, uploading
    from origami_widgets.run import settings
    from origami_widgets.run import start as starting

    account = settings.account.aio
    attach = starting.attach.aio
    credits_frame = frames.credits_frame.aio
    enrich = enrichment.enrich.aio
    join_leads = frames.join_leads.aio
    leads_frame = frames.leads_frame.aio
    login = settings.login.aio
    new_leads = ledger.new_leads.aio
    refresh_leads = frames.refresh_leads.aio
    start = starting.start.aio
    upload = uploading.upload.aio

__all__ = [
    "account",
    "attach",
    "credits_frame",
    "enrich",
    "join_leads",
    "leads_frame",
    "login",
    "new_leads",
    "refresh_leads",
    "start",
    "upload",
]


def __getattr__(name: str) -> object:
    """Import the function of that name on first use, and return its twin."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}. It has {', '.join(__all__)}.")
    value = getattr(sys.modules["origami_widgets"], name).aio
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
