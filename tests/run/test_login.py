"""`login` and `account` against a sandbox over HTTP; the key is in none of what is said, raised or left."""

from __future__ import annotations

import getpass
import subprocess
import sys
import warnings
from dataclasses import replace

import pytest
from IPython.lib.pretty import pretty

import origami_widgets as ow
from origami_widgets.api.errors import AuthenticationError, InvalidInput, MissingKey, OrigamiError
from origami_widgets.api.keys.key_sources import SERVICE
from origami_widgets.run import settings
from origami_widgets.run.settings import client_or_default
from origami_widgets.sandbox import Sandbox
from tests.api.test_account import ACCOUNT, CREDITS, NO_AGENTS
from tests.faults.journey import KEY
from tests.faults.planted import of_error, reachable, showing, within
from tests.support.cells import Notebook
from tests.support.keys import TROUBLES, Failing, InMemory, let_sandbox_take, use_colab, use_keyring, use_terminal
from tests.support.quick import see, without_environment, without_pauses
from tests.support.server import RawServer, answer

WRONG = "og_live_NotTheOneThatTheSandboxTakes"


@pytest.fixture(autouse=True)
def own_process(monkeypatch):
    """Nothing of the machine's own keys, and nothing left of what is configured here."""
    without_environment(monkeypatch)
    monkeypatch.setattr(settings, "current", settings.Configuration())
    # That of processes that are started here.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    without_pauses(monkeypatch)


@pytest.fixture(autouse=True)
def ring(monkeypatch):
    """The keyring of the machine, empty."""
    return use_keyring(monkeypatch, InMemory())


@pytest.fixture
def served(monkeypatch):
    """A sandbox that takes the planted key."""
    let_sandbox_take(monkeypatch, KEY)
    with Sandbox(speed=240).serve() as serving:
        yield serving


@pytest.fixture
def server():
    with RawServer(answer({})) as serving:
        yield serving


@pytest.fixture
def person(monkeypatch):
    """Somebody at a terminal, who enters these one after the other; returns the list, and what was asked."""
    entered, asked = [], []

    def ask(prompt):
        asked.append(prompt)
        given = entered.pop(0)
        if isinstance(given, BaseException):
            raise given
        return given

    use_terminal(monkeypatch, ask)
    return entered, asked


def key_in_use():
    return client_or_default(None).operations.settings.key.reveal()


def test_a_key_that_is_given_is_checked_and_used(served, capsys):
    account = ow.login(KEY, base_url=served.base_url)
    assert (account.organization, account.plan, account.run_slots, account.active_runs) == (
        "Sandbox organization",
        "Pro",
        3,
        0,
    )
    assert (account.free_run_slots, account.credits, account.can_use_api, account.origin) == (3, 5000, True, "sandbox")
    assert capsys.readouterr().out == f"{account}\n"
    run = ow.start("Find bakers", show=False)
    busy = ow.account()
    assert (busy.active_runs, busy.free_run_slots) == (1, 2)
    run.cancel()
    # A request that is on its way has the key in its headers.
    see(lambda: showing([*within(account, run, client_or_default(None)), *reachable(settings.current.client)]) == [])
    assert showing(reachable(settings.current.login)) == []


def test_ipython_shows_the_account_and_login_prints_elsewhere(served, capsys, monkeypatch):
    account = Notebook(monkeypatch)(lambda: ow.login(KEY, base_url=served.base_url))
    assert capsys.readouterr().out == ""
    assert pretty(account) == str(account)
    assert pretty(ow.account()).startswith("Organization: Sandbox organization")
    ow.login(KEY, base_url=served.base_url)
    assert capsys.readouterr().out.startswith("Organization: Sandbox organization")


async def test_without_blocking_it_is_the_same(served, person, capsys):
    person[0].append(KEY)
    account = await ow.aio.login(base_url=served.base_url)
    assert capsys.readouterr().out == f"{account}\n"
    assert key_in_use() == KEY
    assert (await ow.aio.account()).credits == account.credits


def test_the_environment_is_asked_before_the_person(served, person, monkeypatch):
    monkeypatch.setenv("ORIGAMI_API_KEY", KEY)
    monkeypatch.setenv("ORIGAMI_BASE_URL", served.base_url)
    assert ow.login().plan == "Pro"
    assert person == ([], [])
    # What every client finds by itself need not be remembered.
    assert settings.current.login is None


@pytest.mark.parametrize(
    ("typed", "said"), [("", "Nothing was entered"), (KEY.replace("og_live_", "sk_live_"), "og_live_")]
)
def test_what_cannot_be_a_key_is_an_error_that_does_not_show_it(served, person, typed, said):
    entered, asked = person
    entered.append(typed)
    with pytest.raises(ow.OrigamiError, match=said) as caught:
        ow.login(base_url=served.base_url)
    assert asked == [f"API key for {served.base_url.split('/')[2]} (hidden): "]
    assert settings.current.client is None
    assert showing(of_error(caught.value)) == []


def test_ending_the_input_raises_an_error_on_a_line_of_its_own(person, capsys):
    person[0].append(EOFError())
    with pytest.raises(MissingKey, match="Input ended") as caught:
        ow.login()
    assert caught.value.__context__ is None
    assert capsys.readouterr().out == "\n"
    assert len(person[1]) == 1


@pytest.mark.parametrize("how", [NotImplementedError(), getpass.GetPassWarning()], ids=repr)
def test_where_nothing_can_be_entered_in_secret_there_is_no_key(person, how):
    person[0].append(how)
    with pytest.raises(MissingKey, match="prompt") as caught:
        ow.login()
    assert "ow.use_sandbox()" in caught.value.remedy
    assert caught.value.__context__ is None


def test_a_terminal_that_cannot_hide_what_is_typed_is_not_asked(person, monkeypatch):
    def echoing(_prompt):
        warnings.warn("Can not control echo on the terminal.", getpass.GetPassWarning, stacklevel=2)
        return KEY

    monkeypatch.setattr(getpass, "getpass", echoing)
    with pytest.raises(MissingKey):
        ow.login()


@pytest.mark.parametrize("way", ["argument", "environment", "keyring", "prompt"])
def test_a_wrong_key_says_so_and_configures_nothing(served, person, ring, monkeypatch, way):
    kept = {(SERVICE, served.base_url): WRONG} if way == "keyring" else {}
    ring.kept.update(kept)
    if way in ("environment", "keyring"):
        monkeypatch.setattr("sys.stdin", None)
    if way == "environment":
        monkeypatch.setenv("ORIGAMI_API_KEY", WRONG)
    person[0].append(WRONG)
    with pytest.raises(AuthenticationError, match="Invalid API key") as caught:
        ow.login(WRONG if way == "argument" else None, base_url=served.base_url, store=True)
    said = {"argument": "api_key=", "environment": "in the environment", "keyring": "keyring", "prompt": "entered"}[way]
    assert said in caught.value.cause
    assert "Nothing changed." in caught.value.cause
    assert (settings.current, ring.kept) == (settings.Configuration(), kept)
    assert [text for text in of_error(caught.value) if WRONG[8:] in text] == []


def test_a_key_that_was_good_is_stored_and_found_by_the_next_process(served, person, ring):
    person[0].append(KEY)
    ow.login(base_url=served.base_url, store=True)
    assert ring.kept == {(SERVICE, served.base_url): KEY}
    ow.configure(base_url=served.base_url)
    settings.current = replace(settings.current, login=None)
    assert ow.account().plan == "Pro"
    assert ow.login().plan == "Pro"
    assert len(person[1]) == 1


def test_where_it_cannot_be_stored_nothing_else_is_lost(served, monkeypatch, capsys):
    use_keyring(monkeypatch, Failing(TROUBLES["locked"]))
    with pytest.raises(OrigamiError) as caught:
        ow.login(KEY, base_url=served.base_url, store=True)
    assert caught.value.code == "NO_KEYRING"
    assert key_in_use() == KEY
    assert capsys.readouterr().out.startswith("Organization: Sandbox organization")
    assert caught.value.__context__ is None
    assert showing(of_error(caught.value)) == []


REFUSED = {
    "environment": (WRONG, "Invalid API key in ORIGAMI_API_KEY in the environment. Fix it there"),
    "malformed": ("sk_live_x", "Invalid API key format. ORIGAMI_API_KEY in the environment: It doesn't start"),
    "keyring": (WRONG, "The API key in the system's keyring is no longer valid"),
    "malformed in the keyring": (KEY[8:], "Invalid API key format. The key in the keyring: It doesn't start"),
}


@pytest.mark.parametrize(("way", "key", "said"), [(way, *case) for way, case in REFUSED.items()], ids=REFUSED)
def test_a_key_that_is_no_good_in_its_place_is_asked_for_anew(
    served, person, ring, monkeypatch, capsys, way, key, said
):
    if "keyring" in way:
        ring.kept[SERVICE, served.base_url] = key
    else:
        monkeypatch.setenv("ORIGAMI_API_KEY", key)
    person[0].append(KEY)
    account = ow.login(base_url=served.base_url)
    printed = capsys.readouterr().out
    assert printed.startswith(said)
    assert printed.endswith(f"{account}\n")
    assert key not in printed
    assert key_in_use() == KEY
    # Another client for the same place does not go back to the one that is refused.
    ow.configure(base_url=served.base_url)
    assert key_in_use() == KEY


def test_a_secret_of_colab_that_is_no_good_is_asked_for_anew(server, person, monkeypatch, capsys):
    use_colab(monkeypatch, lambda _: WRONG)
    # It is not for a server on this machine, and no other can be reached.
    monkeypatch.setattr("origami_widgets.run.settings.is_local_url", lambda _: False)
    server.plan(answer({"error": "no", "code": "UNAUTHORIZED"}, 401), answer(ACCOUNT), CREDITS, NO_AGENTS)
    person[0].append(KEY)
    assert ow.login(base_url=server.base_url).organization == "Acme"
    assert "Colab" in capsys.readouterr().out.partition("\n")[0]
    assert [request.headers["authorization"][-4:] for request in server.requests[:2]] == [WRONG[-4:], KEY[-4:]]


def test_where_no_other_key_can_be_entered_the_refused_one_is_named(served, person, monkeypatch):
    monkeypatch.setenv("ORIGAMI_API_KEY", WRONG)
    person[0].append(NotImplementedError())
    with pytest.raises(MissingKey, match="ORIGAMI_API_KEY"):
        ow.login(base_url=served.base_url)
    assert settings.current.client is None


def test_no_remedy_has_a_key_written_into_a_cell(served):
    with pytest.raises(AuthenticationError) as wrong:
        ow.account(client=ow.Client(WRONG, base_url=served.base_url))
    with pytest.raises(InvalidInput, match="Invalid client") as no_client:
        ow.account(client=KEY)
    with pytest.raises(InvalidInput, match="API key") as in_a_brief:
        ow.start(f"Find bakers with {KEY}", client=ow.Sandbox().client())
    for caught in (wrong, no_client, in_a_brief):
        assert "ow.login()" in caught.value.remedy
        assert "og_live_" not in caught.value.remedy
        assert "('" not in caught.value.remedy


def test_what_was_configured_is_where_it_logs_in_and_its_key_stays_there(served):
    ow.configure(base_url=served.base_url, project="p-1")
    ow.login(KEY)
    assert client_or_default(None).operations.destination == (served.base_url, "p-1")
    # Another project of the same place: the key that was given is still known.
    ow.configure(base_url=served.base_url, project="p-2")
    assert client_or_default(None).operations.destination == (served.base_url, "p-2")
    assert key_in_use() == KEY
    # It was given for that place, and goes to no other.
    ow.configure(base_url="https://staging.example/api/v2")
    with pytest.raises(MissingKey):
        client_or_default(None)
    ow.configure()
    with pytest.raises(MissingKey):
        client_or_default(None)


def test_the_project_of_another_place_is_left_behind(served):
    ow.configure(base_url="https://staging.example/api/v2", project="p-1")
    ow.login(KEY, base_url=served.base_url)
    assert client_or_default(None).operations.destination == (served.base_url, None)
    ow.login(KEY, project="p-3")
    assert client_or_default(None).operations.destination == (served.base_url, "p-3")


@pytest.mark.parametrize("wrong", [{"base_url": "http://origami.chat"}, {"project": "a b"}])
def test_what_cannot_be_right_is_said_before_anybody_is_asked(person, wrong):
    with pytest.raises(InvalidInput):
        ow.login(**wrong)
    assert person == ([], [])


def test_an_account_that_cannot_be_read_configures_nothing(server):
    server.plan(answer({"error": "x", "code": "SUBSCRIPTION_REQUIRED"}, 402))
    with pytest.raises(OrigamiError) as caught:
        ow.login(KEY, base_url=server.base_url)
    assert caught.value.code == "SUBSCRIPTION_REQUIRED"
    assert settings.current.client is None


def test_a_program_does_not_hang():
    code = "import origami_widgets as ow; ow.login()"
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, input="", capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 1
    assert "MissingKey" in done.stderr
