"""What a board of a hundred runs costs: `python -m tests.bench.bench_board`, a minute.

The runs go on at the embedded sandbox, and are asked about within the one rate limit. Bytes are those of the messages to the
front end; the share of a core is that of the whole process, the sandbox in it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import httpx

import origami_widgets as ow

RUNS = 100
SECONDS = 20.0
LARGEST = 90_000


async def begun_elsewhere(sandbox: ow.Sandbox, count: int) -> None:
    """Start so many runs as another program does, and let the minute pass whose quota that uses up.

    What this process sends itself counts against its polls.
    """
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox), base_url="https://sandbox") as server:
        server.headers["Authorization"] = f"Bearer {sandbox.api_key}"
        for number in range(count):
            brief = f"Find bakeries in region {number}. scenario:slow"
            (await server.post("/api/v2/agents", json={"prompt": brief})).raise_for_status()
        while int((await server.get("/api/v2/account")).headers["x-ratelimit-remaining-global"]) < 90:
            await asyncio.sleep(1.0)


def board_of(count: int) -> tuple[ow.RunBoard, list[int]]:
    """A board of so many runs that go on, and the sizes of what it sends from now on."""
    sandbox = ow.Sandbox(speed=20, plan="enterprise", credits=1e6)
    asyncio.run(begun_elsewhere(sandbox, count))
    board = ow.RunBoard(client=sandbox.client(), limit=count)
    sizes: list[int] = []

    def send(data: dict[str, Any], metadata: object = None, buffers: object = None) -> None:
        sizes.append(len(json.dumps(data)))

    board.comm.send = send
    return board, sizes


def main() -> int:
    """Print the figures; returns 1 when the view of a hundred runs is larger than 90 kB."""
    print("runs  whole view (kB)  sent a minute (kB)  messages a minute  view (ms)  of a core (%)  asked about")
    good = True
    for count in (10, RUNS):
        board, sizes = board_of(count)
        whole = len(json.dumps({name: getattr(board, name) for name in board.TRAITS}))
        cpu, began = time.process_time(), time.monotonic()
        time.sleep(SECONDS)
        passed = time.monotonic() - began
        share, minutes = (time.process_time() - cpu) / passed, passed / 60
        sent, messages = sum(sizes) / minutes, len(sizes) / minutes
        began = time.perf_counter()
        for _ in range(20):
            assert board.view
        view = (time.perf_counter() - began) / 20
        asked = sum(run.connection.heard_at is not None for run in board.runs)
        print(
            f"{count:4} {whole / 1000:16.1f} {sent / 1000:19.1f} {messages:18.0f} {1000 * view:10.1f} {100 * share:14.1f} "
            f"{asked:12}"
        )
        board.close()
        good = good and whole <= LARGEST
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
