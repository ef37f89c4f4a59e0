"""The balances that were read: one ledger for each key and place, within bounds."""

import gc
import time
import weakref

import origami_widgets as ow
from origami_widgets.api import ledger
from tests.api.conftest import KEY
from tests.support.server import answer


def balances(client):
    return [reading.balance for reading in client.operations.ledger.readings]


def test_clients_of_one_key_share_it_and_it_outlives_them(server):
    server.plan(answer({"balance": 5}), answer({"balance": None}), answer({"balance": 3.5}))
    ow.Client(KEY, base_url=server.base_url).get_credits()
    ow.Client(KEY, base_url=server.base_url, project="p-1").get_credits()
    gc.collect()
    client = ow.Client(KEY, base_url=server.base_url)
    client.get_credits()
    assert balances(client) == [5, None, 3.5]
    assert balances(ow.Client("og_live_another", base_url=server.base_url)) == []
    assert balances(ow.Client(KEY)) == []


def test_it_is_read_when_and_by_which_clock(server):
    date = {"Date": "Tue, 21 Jul 2026 09:14:02 GMT"}
    server.plan(answer({"balance": 5}, headers=date), answer({"balance": 4}))
    client = ow.Client(KEY, base_url=server.base_url)
    before = time.time()
    client.get_credits()
    client.get_credits()
    first, second = client.operations.ledger.readings[-2:]
    assert before <= first.at <= second.at <= time.time()
    assert (first.server_second, second.server_second) == (1784625242.0, None)


def test_a_balance_that_could_not_be_read_is_not_in_it(server):
    server.plan(answer({"error": "no", "code": "FORBIDDEN"}, 403))
    client = ow.Client("og_live_refused", base_url=server.base_url)
    try:
        client.get_credits()
    except ow.OrigamiError:
        assert balances(client) == []


def test_that_of_an_embedded_api_ends_with_it():
    sandbox = ow.Sandbox(credits=7)
    sandbox.client().get_credits()
    assert balances(sandbox.client()) == [7]
    assert balances(ow.Sandbox(credits=7).client()) == []
    gone = weakref.ref(sandbox)
    assert gone in ledger._embedded.keyrefs()
    del sandbox
    ends = time.monotonic() + 20
    while gone() is not None:
        # The thread of the requests lets go of it in its own time.
        assert time.monotonic() < ends, "something keeps it"
        gc.collect()
        time.sleep(0.01)
    assert gone not in ledger._embedded.keyrefs()


def test_it_keeps_the_newest_thousand_of_the_newest_thirty_two():
    first = ledger.ledger_of("first", None)
    for balance in range(1_001):
        first.note(balance, None)
    assert [reading.balance for reading in first.readings] == list(range(1, 1_001))
    for number in range(31):
        ledger.ledger_of(number, None)
    assert ledger.ledger_of("first", None) is first
    for number in range(32):
        ledger.ledger_of(number, None)
    assert ledger.ledger_of("first", None) is not first
    assert len(ledger._kept) == 32
