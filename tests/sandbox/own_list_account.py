"""A sandbox with a list of the user's own, used by a client made of the description of the API."""

from __future__ import annotations

import base64

from tests.contract.client import ContractClient

from .conftest import Session

COMPANIES = "Website,Company,Zip\r\nhttps://a.test,Ähre & Söhne,01067\r\nhttps://b.test,,\r\nhttps://c.test,=1+1,9\r\n"


def file(text: str | bytes = COMPANIES, name="companies.csv", **more) -> dict:
    content = text.encode() if isinstance(text, str) else text
    return {"filename": name, "content": base64.b64encode(content).decode(), **more}


def numbered(count: int) -> str:
    return "Website\n" + "".join(f"https://{number}.test\n" for number in range(count))


class Account:
    """A sandbox, a client made of the description, and a table of the user's in a container of its own."""

    def __init__(self, **options) -> None:
        self.session = Session(**options)
        self.clock = self.session.clock
        self.api = ContractClient(self.session.http)

    async def upload(self, text=COMPANIES, name="companies.csv") -> str:
        workspace = await self.api.do("createWorkspace", {"name": "CRM"})
        self.workspace = workspace["id"]
        taken = await self.api.do("uploadDocuments", {"files": [file(text, name)]}, workspaceId=self.workspace)
        self.table = taken["results"][0]["table"]["id"]
        return self.table

    async def enriched(self, prompt="Find their e-mail addresses", seconds=400.0) -> dict:
        agent = await self.api.do("createAgent", {"prompt": prompt, "focusTableIds": [self.table]})
        self.agent, self.run = agent["agent"]["id"], agent["run"]["id"]
        self.clock.advance(seconds)
        return await self.api.do("getTable", tableId=self.table, include="stats")

    async def rows(self, **query) -> list[dict]:
        listed = await self.api.do("listRows", tableId=self.table, cells="flat", defaults="false", **query)
        return listed["items"]

    async def upsert(self, *rows, match=("website",), **more) -> dict:
        return await self.api.do("upsertRows", body(*rows, match=match, **more), tableId=self.table)

    async def balance(self) -> int:
        return (await self.api.do("getCredits"))["balance"]


def body(*rows, match=("website",), **more) -> dict:
    return {"rows": list(rows), "matchColumns": list(match), **more}
