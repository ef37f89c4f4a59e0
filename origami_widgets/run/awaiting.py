"""What blocks on `Run`, to await: for event loops, and for hosts in which nothing may block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from origami_widgets.api.loop import background
from origami_widgets.run import actions, cancelling
from origami_widgets.run.continuing import Continuation, answering
from origami_widgets.run.starting import AwaitingStarter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from origami_widgets.run.conversation import Conversation
    from origami_widgets.run.handle import Run
    from origami_widgets.run.polling.run_watch import RunWatch


class AwaitableCalls:
    """The calls of `Run` that send something, for `await`. Costs, errors and results are those of the calls that block.

    A task that is cancelled leaves what it has asked for alone; where that may have started a run, its `CancelledError`
    carries `idempotency_key` and `reconcile_async()`, which finds the run.
    """

    _watch: RunWatch
    _conversation: Conversation

    def _show_continued(self, successor: RunWatch) -> Run:
        raise NotImplementedError

    async def refresh_async(self, include: Sequence[str] = ("stats",)) -> Self:
        """Read the run now; see `refresh`. One GET, free of charge.

        Example:
            >>> import asyncio
            >>> import origami_widgets as ow
            >>> async def main():
            ...     client = ow.Sandbox(speed=600).client()
            ...     run = await (await ow.start_async("Find bakeries in Porto", client=client))
            ...     return (await run.refresh_async(("stats", "transcript"))).transcript[0].role
            >>> asyncio.run(main())
            'user'
        """
        await background().bridge(actions.refresh(self._watch, include))
        return self

    async def cancel_async(self) -> Self:
        """Ask the server to cancel the run; see `cancel`. One GET and one POST; what was spent is spent.

        Example:
            >>> import asyncio
            >>> import origami_widgets as ow
            >>> async def main():
            ...     client = ow.Sandbox(speed=60).client()
            ...     run = await ow.start_async("Find bakeries in Porto", client=client)
            ...     return (await (await run.cancel_async())).status
            >>> asyncio.run(main())
            'cancelled'
        """
        await background().bridge(cancelling.cancel(self._watch))
        return self

    async def answer_async(self, *answers: str, fresh: bool = False) -> Run:
        """Answer all pending questions with one follow-up run; see `answer`. One POST, which spends credits.

        Example:
            >>> import asyncio
            >>> import origami_widgets as ow
            >>> async def main():
            ...     client = ow.Sandbox(speed=600).client()
            ...     run = await (await ow.start_async("Find partners. scenario:needs_input", client=client))
            ...     return (await (await run.answer_async("Iberia", "yes"))).status
            >>> asyncio.run(main())
            'completed'
        """
        wanted = answering(self._conversation, self._watch, answers)
        return await wanted.awaited(AwaitingStarter(), self._show_continued, fresh=fresh)

    async def follow_up_async(
        self, prompt: str, *, model: str | None = None, focus_tables: Sequence[str] = (), fresh: bool = False
    ) -> Run:
        """Start a further run of the same agent; see `follow_up`. One POST, which spends credits.

        Example:
            >>> import asyncio
            >>> import origami_widgets as ow
            >>> async def main():
            ...     client = ow.Sandbox(speed=600).client()
            ...     run = await (await ow.start_async("Find bakeries in Porto", client=client))
            ...     return (await run.follow_up_async("Add opening hours")).agent_id == run.agent_id
            >>> asyncio.run(main())
            True
        """
        wanted = Continuation(self._conversation, self._watch, prompt, "follow_up", model, focus_tables)
        return await wanted.awaited(AwaitingStarter(), self._show_continued, fresh=fresh)
