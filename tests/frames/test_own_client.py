"""A table that came from a run or a client is read through that client, by every function that reads leads."""

from __future__ import annotations

import asyncio
import copy
import pickle
from typing import NamedTuple

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import TableNotFound
from origami_widgets.api.models.table import Table
from origami_widgets.run import settings

BRIEF = "List bakeries in Porto"


@pytest.fixture(autouse=True)
def wrong_account(monkeypatch):
    """The configured client is of an account that has none of the tables."""
    monkeypatch.setattr(settings, "current", settings.current)
    ow.configure(client=ow.Sandbox(seed=3))


class Account(NamedTuple):
    """A sandbox, a client of it, and a run that has settled."""

    sandbox: ow.Sandbox
    client: ow.Client
    run: ow.Run


def account_of(seed):
    sandbox = ow.Sandbox(seed=seed, speed=600)
    client = sandbox.client()
    return Account(sandbox, client, ow.start(BRIEF, client=client, show=False).wait("cells"))


@pytest.fixture(scope="module")
def account():
    return account_of(0)


@pytest.fixture(scope="module")
def other():
    return account_of(7)


def exported(source, folder, **options):
    files = ow.export(source, folder, what="leads", format="parquet", **options)
    frames = [pd.read_parquet(file) for file in files]
    return pd.concat([frame for frame in frames if "row_id" in frame])


def frame_of_grid(source, **options):
    grid = ow.leads(source, **options)
    try:
        return grid.to_frame()
    finally:
        grid.close()


READERS = {
    "leads_frame": ow.leads_frame,
    "aio.leads_frame": lambda table, **options: asyncio.run(ow.aio.leads_frame(table, **options)),
    "leads": frame_of_grid,
}


def listed_async(account):
    async def read():
        return (await account.sandbox.async_client().list_agent_tables(account.run.agent_id))[0]

    return asyncio.run(read())


ORIGINS = {
    "run.tables": lambda account: account.run.tables[0],
    "run.state.tables": lambda account: account.run.state.tables[0],
    "get_table": lambda account: account.client.get_table(account.run.tables[0].id),
    "list_tables": lambda account: next(iter(account.client.list_tables())),
    "list_agent_tables": lambda account: account.client.list_agent_tables(account.run.agent_id)[0],
    "AsyncClient": listed_async,
    "get_run": lambda account: account.client.get_run(account.run.agent_id, account.run.id).response.tables[0],
    "all of a run": lambda account: account.client.get_run(account.run.agent_id, account.run.id),
    "all of an agent": lambda account: account.client.list_agent_tables(account.run.agent_id),
}


@pytest.mark.parametrize("reader", READERS)
def test_each_function_reads_a_table_through_the_client_of_its_run(account, reader):
    leads = READERS[reader](account.run.tables[0])
    assert len(leads) > 0
    assert leads["row_id"].is_unique


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_table_is_read_through_the_client_that_it_came_from(account, origin):
    assert ow.leads_frame(ORIGINS[origin](account), limit=1).attrs["origami"]["origin"] == "sandbox"


def test_what_has_no_client_of_its_own_is_read_through_the_configured_one(account):
    table, saved = account.run.tables[0], ow.Run.from_payload(account.run.raw)
    for source in (table.id, table.raw, saved.tables[0], pickle.loads(pickle.dumps(table)), copy.deepcopy(table)):  # noqa: S301 - made here
        with pytest.raises(TableNotFound):
            ow.leads_frame(source)
    with pytest.raises(TableNotFound):
        ow.describe_leads(saved)
    # Beside something that has one, it is most likely of the same account.
    assert set(ow.leads_frame([table.id, account.run])["table_id"]) == {each.id for each in account.run.tables}


@pytest.mark.parametrize("reader", READERS)
def test_a_given_client_goes_before_that_of_the_table(account, other, reader):
    with pytest.raises(TableNotFound):
        READERS[reader](account.run.tables[0], client=other.client)


def test_tables_of_two_accounts_in_one_list_use_their_own_clients(account, other, tmp_path):
    tables = [account.run.tables[0], other.run.tables[0]]
    alone = [set(ow.leads_frame(table)["row_id"]) for table in tables]
    leads = ow.leads_frame(tables)
    assert [set(leads.loc[leads["table_id"] == table.id, "row_id"]) for table in tables] == alone
    notes = ow.leads_frame([account.run, other.run]).attrs["origami"]["tables"]
    assert {each["run_id"] for each in notes} == {account.run.id, other.run.id}
    assert ow.describe_leads(iter(tables), examples=False)["table_id"].nunique() == 2
    assert set(exported(tables, tmp_path / "leads")["row_id"]) == alone[0] | alone[1]


def test_the_client_is_no_part_of_what_a_table_is(account):
    table = account.run.tables[0]
    plain = Table.from_raw(table.raw)
    assert (table, repr(table)) == (plain, repr(plain))
    assert pickle.dumps(table) == pickle.dumps(plain)


def test_leads_are_refreshed_through_the_client_that_they_came_from(account, other):
    tables = [account.run.tables[0], other.run.tables[0]]
    one, two = (ow.leads_frame(each) for each in tables)
    grid = ow.leads(tables[0])
    several = (ow.leads_frame(tables), ow.leads_frame([one, two]), ow.leads_frame(tables, limit=2), grid.to_frame())
    for leads in (one, *several):
        for frame in (leads, leads.assign(note="mine").query("row_id != ''").copy()):
            again = ow.refresh_leads(frame)
            assert again.gone.empty
            assert ow.refresh_leads(again.frame).gone.empty
    grid.close()
    gone = ow.refresh_leads(ow.leads_frame(tables), client=account.client).gone
    assert set(gone["table_id"]) == {tables[1].id}


def test_frames_that_were_stored_have_no_client(account):
    leads = ow.leads_frame(account.run.tables[0])
    stored = pickle.loads(pickle.dumps(leads))  # noqa: S301 - made here
    assert stored.attrs == leads.attrs
    # The configured account has no such table.
    assert len(ow.refresh_leads(stored).gone) == len(leads)
    assert ow.refresh_leads(stored, client=account.client).gone.empty
