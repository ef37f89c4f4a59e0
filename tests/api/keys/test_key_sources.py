"""Where a key comes from, in which order, and the error when a source cannot be read."""

from __future__ import annotations

import concurrent.futures
import sys
import time
from itertools import product

import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput, MissingKey
from origami_widgets.api.keys.key_sources import SERVICE, store_in_keyring
from origami_widgets.api.keys.secret import Secret
from tests.faults.journey import KEY
from tests.faults.planted import of_error, showing
from tests.support.keys import (
    TROUBLES,
    Failing,
    Forgetful,
    InMemory,
    NotebookAccessError,
    SecretNotFoundError,
    TimeoutException,
    Unsafe,
    use_colab,
    use_keyring,
)

HOME = "https://origami.chat/api/v2"
PLACES = ("argument", "environment", "colab", "keyring")


@pytest.fixture
def ring(monkeypatch):
    """The keyring of the machine, empty."""
    return use_keyring(monkeypatch, InMemory())


def raising(error):
    def get(name):
        raise error(name)

    return get


def key_of(client):
    """The key that a client sends."""
    return client.operations.settings.key


@pytest.mark.parametrize("kind", [ow.Client, ow.AsyncClient])
@pytest.mark.parametrize("having", list(product([False, True], repeat=4)))
def test_the_first_source_with_a_key_counts_and_later_ones_are_not_read(monkeypatch, ring, kind, having):
    keys = {place: f"og_live_from_{place}" for place, has in zip(PLACES, having, strict=True) if has}
    if "environment" in keys:
        monkeypatch.setenv("ORIGAMI_API_KEY", keys["environment"])
    asked = use_colab(monkeypatch, lambda _: keys["colab"] if "colab" in keys else raising(SecretNotFoundError)("x"))
    if "keyring" in keys:
        ring.kept[SERVICE, HOME] = keys["keyring"]
    if not keys:
        with pytest.raises(MissingKey):
            kind()
    else:
        assert key_of(kind(keys.get("argument"))) == Secret(next(iter(keys.values())))
    at_hand = bool(keys.keys() & {"argument", "environment"})
    assert asked == ([] if at_hand else ["ORIGAMI_API_KEY"])
    assert ring.asked == ([] if at_hand or "colab" in keys else [(SERVICE, HOME)])


def test_the_secret_of_colab_goes_to_no_server_on_this_machine(monkeypatch, ring):
    asked = use_colab(monkeypatch, lambda _: KEY)
    with pytest.raises(MissingKey):
        ow.Client(base_url="http://127.0.0.1:8000/api/v2")
    assert asked == []


def test_the_keyring_has_a_key_for_each_base_url(ring):
    ring.kept[SERVICE, "https://staging.example/api/v2"] = KEY
    assert key_of(ow.Client(base_url="https://staging.example/api/v2/")) == Secret(KEY)
    with pytest.raises(MissingKey):
        ow.Client()


def test_other_mistakes_are_found_before_the_user_is_prompted(monkeypatch, ring):
    asked = use_colab(monkeypatch, lambda _: KEY)
    for wrong in ({"base_url": "ftp://origami.chat"}, {"project": "a b"}, {"timeout": 0}):
        with pytest.raises(InvalidInput):
            ow.Client(**wrong)
    assert (asked, ring.asked) == ([], [])


def test_colab_is_asked_by_one_thread_at_a_time(monkeypatch):
    asking, most = [], []

    def get(name):
        asking.append(name)
        most.append(len(asking))
        time.sleep(0.02)
        asking.pop()
        return KEY

    use_colab(monkeypatch, get)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ow.Client(), range(4)))
    assert most == [1, 1, 1, 1]


COLAB = {
    SecretNotFoundError: ("has no secret ORIGAMI_API_KEY", "add ORIGAMI_API_KEY if it isn't there"),
    NotebookAccessError: ("doesn't have access to it", "turn on “Notebook access”"),
    TimeoutException: ("took too long", "allow access when Colab asks"),
    ConnectionError: ("Couldn't ask Colab for the secret ORIGAMI_API_KEY (ConnectionError)", "Open Secrets"),
}


@pytest.mark.parametrize(("error", "words"), COLAB.items(), ids=[each.__name__ for each in COLAB])
def test_a_failure_of_colab_says_what_to_do_and_the_keyring_is_asked(monkeypatch, ring, error, words):
    use_colab(monkeypatch, raising(error))
    with pytest.raises(MissingKey) as caught:
        ow.Client()
    assert words[0] in caught.value.cause
    assert words[1] in caught.value.remedy
    assert caught.value.__context__ is None
    ring.kept[SERVICE, HOME] = KEY
    assert key_of(ow.Client()) == Secret(KEY)


KEYRINGS = {
    "locked": ("The system's keyring is locked.", "Unlock the keyring"),
    "of its system": ("couldn't be used (OSError)", "Copy a key"),
}


@pytest.mark.parametrize(("trouble", "words"), KEYRINGS.items(), ids=KEYRINGS)
def test_a_failing_keyring_becomes_a_cause_and_a_remedy(monkeypatch, trouble, words):
    use_keyring(monkeypatch, Failing(TROUBLES[trouble]))
    with pytest.raises(MissingKey) as caught:
        ow.Client()
    assert words[0] in caught.value.cause
    assert caught.value.remedy.startswith(words[1])
    assert caught.value.__context__ is None


@pytest.mark.parametrize("given", [None, ""])
def test_the_remedy_names_every_source(given):
    with pytest.raises(MissingKey) as caught:
        ow.Client(given)
    for way in ("ow.login()", "store=True", "ORIGAMI_API_KEY", "Colab", "ow.use_sandbox()"):
        assert way in caught.value.remedy


def test_without_the_library_there_is_no_keyring(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(MissingKey) as caught:
        ow.Client()
    assert "keyring" not in caught.value.cause
    assert "origami-widgets[keyring]" in store_in_keyring(HOME, Secret(KEY)).remedy


def test_a_malformed_key_is_refused_with_the_name_of_its_source(monkeypatch, ring):
    broken = KEY.replace("og_live_", "sk_live_")
    ring.kept[SERVICE, HOME] = broken
    with pytest.raises(InvalidInput, match="keyring") as of_ring:
        ow.Client()
    use_colab(monkeypatch, lambda _: broken)
    with pytest.raises(InvalidInput, match="Colab") as of_colab:
        ow.Client()
    monkeypatch.setenv("ORIGAMI_API_KEY", broken)
    with pytest.raises(InvalidInput, match="environment") as of_environment:
        ow.Client()
    for caught in (of_ring, of_colab, of_environment):
        assert showing(of_error(caught.value)) == []


def test_a_stored_key_is_found_by_the_next_client(ring):
    assert store_in_keyring(HOME, Secret(KEY)) is None
    assert ring.kept == {("origami_widgets", HOME): KEY}
    assert key_of(ow.Client()) == Secret(KEY)
    assert store_in_keyring(HOME, Secret("og_live_another")) is None
    assert key_of(ow.Client()) == Secret("og_live_another")


NOT_KEPT = {
    "none": (Failing(TROUBLES["none"]), "has no keyring", "Set up a keyring, then"),
    "locked": (Failing(TROUBLES["locked"]), "is locked", "Unlock the keyring and try again, then"),
    "of its system": (Failing(TROUBLES["of its system"]), "(OSError)", "Set up a keyring, then"),
    "forgetful": (Forgetful(), "(tests.support.keys) didn't store the key", "Choose another keyring backend"),
    "unsafe": (Unsafe(), "doesn't store keys, or not safely", "Choose another keyring backend"),
}


@pytest.mark.parametrize(("backend", "cause", "remedy"), NOT_KEPT.values(), ids=NOT_KEPT)
def test_a_key_that_cannot_be_stored_gives_an_error_without_the_key(monkeypatch, backend, cause, remedy):
    use_keyring(monkeypatch, backend)
    error = store_in_keyring(HOME, Secret(KEY))
    assert error.code == "NO_KEYRING"
    assert cause in error.cause
    assert error.remedy.startswith(remedy)
    assert backend.kept == {}
    assert (error.__traceback__, error.__context__) == (None, None)
    assert showing(of_error(error)) == []


def test_an_interrupt_has_no_frame_that_holds_the_key(monkeypatch):
    use_keyring(monkeypatch, Failing(KeyboardInterrupt))
    for call in (ow.Client, lambda: store_in_keyring(HOME, Secret(KEY))):
        with pytest.raises(KeyboardInterrupt) as caught:
            call()
        assert caught.value.__context__ is None
        assert caught.traceback[-1].path.name == "key_sources.py"
        assert showing(of_error(caught.value)) == []
