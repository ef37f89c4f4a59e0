"""The sandbox with an injected clock, over HTTP in process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import httpx
import jsonschema_rs
import pytest

from origami_widgets.sandbox import Sandbox
from tests.contract import description

START = 1_784_625_242.0
UNKNOWN_ID = "6b1f0a8e-2f3b-4a50-9e55-2d0a4c1b7e90"


class FakeClock:
    """Seconds since 1970 that move only in `advance`."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Session:
    """One sandbox, its clock, and short requests to it."""

    def __init__(self, **options) -> None:
        self.clock = FakeClock()
        self.sandbox = Sandbox(**{"clock": self.clock, **options})
        self.http = self.connect()

    def connect(self, key: str | None = "og_live_sandbox", **headers: str) -> httpx.AsyncClient:
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        transport = httpx.ASGITransport(app=self.sandbox)
        return httpx.AsyncClient(transport=transport, base_url=self.sandbox.base_url, headers=headers)

    async def start(self, prompt: str = "Find 12 cheese makers in Leeds", **body) -> tuple[str, str]:
        answer = await self.http.post("/agents", json={"prompt": prompt, **body})
        assert answer.status_code == 202, answer.text
        run = answer.json()["run"]
        return run["agentId"], run["id"]

    async def follow(self, agent: str, prompt: str, **body) -> str:
        answer = await self.http.post(f"/agents/{agent}/runs", json={"prompt": prompt, **body})
        assert answer.status_code == 202, answer.text
        return answer.json()["run"]["id"]

    async def run(self, agent: str, run: str, include: str = "") -> dict:
        answer = await self.http.get(f"/agents/{agent}/runs/{run}", params={"include": include} if include else None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def finished(self, prompt: str = "Find 12 cheese makers in Leeds", include: str = "stats") -> dict:
        agent, run = await self.start(prompt)
        self.clock.advance(2000)
        return await self.run(agent, run, include)

    async def pages(self, path: str, **params) -> list[dict]:
        found: list[dict] = []
        while not found or found[-1]["nextCursor"] is not None:
            cursor = {"cursor": found[-1]["nextCursor"]} if found else {}
            found.append(await self.get(path, **params, **cursor))
        return found

    async def get(self, path: str, **params) -> dict:
        answer = await self.http.get(path, params=params or None)
        assert answer.status_code == 200, answer.text
        return answer.json()


def asgi_scope(method: str, path: str, headers: list[tuple[bytes, bytes]]) -> dict:
    """The ASGI scope of a request that a server passes on which listens at 127.0.0.1:8765."""
    return {
        "type": "http",
        "method": method,
        "path": f"/api/v2{path}",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer og_live_sandbox"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8765),
        "scheme": "http",
    }


@pytest.fixture
def session() -> Session:
    return Session()


@dataclass
class Wire:
    """A sandbox behind a real socket, with an injected clock."""

    http: httpx.Client
    clock: FakeClock

    def start(self, prompt: str, **body) -> tuple[str, str]:
        answer = self.http.post("/agents", json={"prompt": prompt, **body})
        assert answer.status_code == 202, answer.text
        run = answer.json()["run"]
        return run["agentId"], run["id"]

    def get(self, path: str, **params) -> dict:
        answer = self.http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def wire():
    clock = FakeClock()
    with (
        Sandbox(clock=clock).serve() as served,
        httpx.Client(base_url=served.base_url, headers={"Authorization": f"Bearer {served.api_key}"}) as http,
    ):
        yield Wire(http, clock)


@pytest.fixture
def new_session():
    return Session


@pytest.fixture(scope="session")
def conforms():
    """Check a value against a named schema of the API description."""

    @cache
    def validator(schema: str) -> jsonschema_rs.Draft202012Validator:
        whole = {"$ref": f"#/components/schemas/{schema}", "components": description()["components"]}
        return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)

    def check(value, schema: str) -> None:
        validator(schema).validate(value)

    return check
