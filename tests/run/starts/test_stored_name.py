"""A name of `once=` while its request is sent: what it stands for after an error, so that no run is paid for twice."""

from __future__ import annotations

import pytest

import origami_widgets as ow
from origami_widgets.api import errors
from origami_widgets.run.starts.record import StartSpec
from origami_widgets.run.starts.stored_name import StoredName

SPEC = StartSpec("List bakeries in Porto with a web shop")


@pytest.fixture
def name():
    return StoredName(ow.Sandbox().client().operations, "porto")


async def refused(name, error):
    """Attempt a new start under the name, to which this is the answer."""
    async with name.claimed(SPEC, fresh=True):
        await name.note_attempt({})
        raise error


async def test_a_key_conflict_does_not_give_the_name_back(name):
    """Another request with this key may have started the run: only a start that looks for it may come next."""
    async with name.claimed(SPEC, fresh=False) as (earlier, _):
        await name.note_attempt({})
    refusal = errors.IdempotencyConflict("Idempotency key already used", cause="", remedy="")
    with pytest.raises(errors.IdempotencyConflict) as caught:
        await refused(name, refusal)
    stored = await name.read()
    assert stored.idempotency_key != earlier.idempotency_key
    assert name.next_step(stored, SPEC) == "send_again"
    assert any("fresh=True" in note for note in caught.value.__notes__)


async def test_a_definite_refusal_gives_the_name_back(name):
    async with name.claimed(SPEC, fresh=False) as (earlier, _):
        await name.note_attempt({})
    with pytest.raises(errors.InsufficientCredits):
        await refused(name, errors.InsufficientCredits("Too few credits", cause="", remedy=""))
    assert (await name.read()).idempotency_key == earlier.idempotency_key
