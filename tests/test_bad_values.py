"""Whatever is given for an option: what can't be right is an error of this package, and no raw one of Python or pandas."""

from __future__ import annotations

import inspect
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import origami_widgets as ow
from tests.api.conftest import fixture
from tests.api.verbs import VERBS
from tests.support.quick import without_pauses
from tests.support.server import RawServer, answer
from tests.support.start_files import StartFiles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FRAME = pd.DataFrame({"website": ["a.example", "b.example"], "n": [1, 2]})
LEADS = FRAME.assign(row_id=["r1", "r2"], table_id="t1", domain=FRAME["website"])
BAD: dict[str, Any] = {
    "None": None, "an empty text": "", "a list": [], "a dict": {}, "a number": 3, "NaN": math.nan, "bytes": b"x",
    "an object": object(), "a frame": FRAME, "a series": FRAME["n"], "an array": np.array([1, 2]), "NA": pd.NA,
    "half a character": "half \ud83d", "NUL": "a\0b", "a long text": "x" * 200_000, "a list of halves": ["\ud83d"],
    "a list of frames": [FRAME], "a set": {1}, "a dict of numbers": {1: 2}, "a huge number": 10**400, "a class": dict,
    "a number of NumPy": np.int64(3), "an array of one": np.array([1]), "an array of no dimension": np.array(3),
    "a range": range(3),
    "a long path": "x" * 300 + ".csv", "the home of an unknown user": "~nobody-of-that-name/leads.csv",
}  # fmt: skip
RUN = fixture("completed_stats")
CALLS: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "start": (("Find bakeries",), {"show": False}),
    "start_many": ((["Find bakeries"],), {"show": False}),
    "attach": (("agent1",), {"show": False}),
    "enrich": ((FRAME, "Find phones"), {"key": "website", "show": False}),
    "upload": ((FRAME,), {"key": "website"}),
    "join_leads": ((FRAME, "table1"), {"key": "website"}),
    "leads_frame": (("table1",), {}),
    "leads": ((ow.Run.from_payload(RUN),), {}),
    "RunCard": ((ow.Run.from_payload(RUN),), {}),
    "RunBoard": (([ow.Run.from_payload(RUN)],), {}),
    "plot": ((RUN, "funnel"), {}),
    "runs_frame": ((RUN,), {}),
    "evidence_frame": ((LEADS,), {}),
    "refresh_leads": ((LEADS,), {}),
    "describe_leads": ((LEADS,), {}),
    "export": ((LEADS, "leads.csv"), {"overwrite": True}),
    "overlap": ((LEADS, LEADS), {}),
    "configure": ((), {}),
    "Client": (("og_live_test000000000000000000",), {}),
}
CLIENT: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    **{name: (arguments, options) for name, (arguments, options, *_) in VERBS.items()},
    "upload_documents": (("w1", {"list.csv": "website"}), {}),
    "request": (("GET", "/account"), {}),
}


@pytest.fixture
def client(monkeypatch, tmp_path) -> Iterator[ow.Client]:
    without_pauses(monkeypatch)
    StartFiles(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)
    with RawServer(*[answer({"error": "no", "code": "VALIDATION_ERROR"}, 400)] * 10_000) as server:
        yield ow.Client("og_live_test000000000000000000", base_url=server.base_url, timeout=5)
    ow.configure()


def raw_errors(call: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> list[str]:
    """What else than an error of the package comes of bad values, one after the other, for each argument."""
    signature, found = inspect.signature(call), []
    known = signature.bind_partial(*arguments, **options).arguments
    for name in [name for name in signature.parameters if name != "progress" and not name.startswith("_")]:
        for kind, bad in BAD.items():
            try:
                call(**{**known, name: bad})
            except ow.OrigamiError as error:
                str(error).encode()
            except Exception as error:  # noqa: BLE001 - the subject
                found.append(f"{name}= got {kind}: {error!r:.100}")
    return found


@pytest.mark.sweep
@pytest.mark.parametrize("name", CALLS)
def test_no_option_of_a_function_raises_a_raw_error(client, name):
    arguments, options = CALLS[name]
    call = getattr(ow, name)
    takes_client = "client" in inspect.signature(call).parameters and name != "configure"
    found = raw_errors(call, arguments, options | ({"client": client} if takes_client else {}))
    # That a name is too long for a disk is for the system to say.
    assert [each for each in found if "OSError" not in each] == []


@pytest.mark.sweep
@pytest.mark.parametrize("name", CLIENT)
def test_no_option_of_a_client_raises_a_raw_error(client, name):
    assert raw_errors(getattr(client, name), *CLIENT[name]) == []


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda client: client.upload_documents("w1", "text"), "files= got "),
        (lambda client: ow.join_leads(FRAME, "table1", key=[], client=client), "key names no column"),
        (
            lambda client: ow.join_leads(FRAME, "table1", key="website", suffix="\ud83d", client=client),
            "suffix must be a",
        ),
        (lambda client: ow.start("Find", fresh=FRAME, client=client), "fresh must be True or False"),
        (lambda client: client.list_runs("a", cursor=FRAME), "cursor must be a text"),
        (lambda client: ow.leads_frame(RUN, tables=3, client=client), "tables must be a list of names"),
        (lambda client: ow.export(LEADS, "\ud83d.csv"), "export needs a path"),
    ],
)
def test_the_error_says_which_option_is_wrong(client, call, expected):
    with pytest.raises(ow.OrigamiError, match=expected) as caught:
        call(client)
    assert caught.value.remedy
