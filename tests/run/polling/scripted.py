"""What the tests of the poller share: a clock that jumps, a server that answers from a script, and bodies of runs."""

from __future__ import annotations

import asyncio
import hashlib
import json
from pathlib import Path

from origami_widgets.api.models.run import RunObject
from origami_widgets.api.responses import ApiResponse, parse_retry_after
from origami_widgets.api.usage import Traffic

FIXTURES = Path(__file__).parents[2] / "fixtures"
RUNNING, COMPLETED = (
    json.loads((FIXTURES / f"{name}.json").read_text()) for name in ("running_partial", "completed_stats")
)
NAMED = {**RUNNING, "response": {**RUNNING["response"], "tables": COMPLETED["response"]["tables"]}}
SILENT = {**RUNNING, "response": None}


class FakeClock:
    """Jumps to the end of every sleep; an hour takes as long as the checks in it."""

    def __init__(self):
        self.now = 1_000.0

    def monotonic(self):
        return self.now

    def time(self):
        return self.now + 1_700_000_000

    async def sleep(self, seconds, wake):
        # What has been asked is answered before any time passes.
        for _ in range(10):
            await asyncio.sleep(0)
        if seconds is None:
            await wake.wait()
        elif not wake.is_set():
            self.now += max(seconds, 1e-6)


class Server:
    """Answers polls from a script of bodies and errors, and writes down when it was asked what.

    The agent's table list has a script of its own, `lists`, and its moments are in `listed`.
    """

    origin = ""
    clock_offset = None

    def __init__(self, clock, *script, retry_after=15.0, tables=()):
        self.clock, self.script, self.tables = clock, list(script), list(tables)
        self.retry_after, self.asked, self.identity = retry_after, [], object()
        self.traffic = Traffic()
        self.lists, self.listed = [[]], []

    async def poll_agent_tables(self, agent_id, *, include):
        self.listed.append(self.clock.now)
        step = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
        if isinstance(step, Exception):
            raise step
        return self.answer({"items": step}, None)

    async def poll_run(self, agent_id, run_id, *, include):
        self.asked.append((self.clock.now, run_id, include))
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        body = {**step, "id": run_id}
        running = body["status"] == "running"
        return self.answer(body, self.retry_after if running else None)

    async def poll_table(self, table_id, *, include):
        self.asked.append((self.clock.now, table_id, include))
        return self.answer(self.tables.pop(0) if len(self.tables) > 1 else self.tables[0], None)

    @staticmethod
    def answer(body, retry_after):
        raw = json.dumps(body).encode()
        headers = {} if retry_after is None else {"retry-after": str(retry_after)}
        wait = parse_retry_after(headers.values(), now=None)
        return ApiResponse(200, json.loads(raw), headers, hashlib.blake2b(raw).digest(), wait)


def started(run_id):
    return RunObject.from_raw({**RUNNING, "id": run_id, "steps": {"completed": 0, "max": 50}})


async def over(*watches):
    while any(watch.schedule.due is not None or "run" in watch.reading for watch in watches):
        await asyncio.sleep(0)


def steps(count):
    return {**RUNNING, "steps": {"completed": count, "max": 50}}


def settled_table():
    return {
        **COMPLETED["response"]["tables"][0],
        "cells": {"running": 0, "errored": 1},
        "updatedAt": "2026-07-21T09:19:00Z",
    }
