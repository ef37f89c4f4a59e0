"""Shows the states of the fixtures in a notebook: what the cells of the gallery call.

The kernel's clock is set to the moment of the fixtures, so that their ages are those of a card that is at work.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import ipywidgets
from IPython.display import display

import origami_widgets as ow
from origami_widgets.run.conversation import Conversation
from origami_widgets.run.polling.run_watch import RunWatch
from tests.fixtures.states import NOW, STATES, payload, state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from origami_widgets.run.state import RunState

OUTPUTS = ("live", "frozen", "text")
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


# ruff: noqa: RUF001 - characters that look like others are what is shown here


def scripts() -> RunState:
    """Right-to-left, Chinese and Japanese, emoji of several code points, and words that are wider than the card."""
    run = payload("completed_stats")
    run["prompt"] = run["request"]["prompt"] = (
        f"ابحث عن ١٥ مخبزًا عائليًا في بورتو (Porto) 👩‍👩‍👧‍👦🇵🇹 — 波尔图的家庭面包店，带网上商店 · {LONG}"
    )
    run["response"]["text"] = (
        "## مخابز بورتو\n\nوجدتُ **١٢** مخبزًا، منها Padaria Ribeiro.\n\n"
        f"- 🥐 1️⃣ クロワッサン専門店：{'超' * 60}\n- {LONG * 2}\n\n"
        f"| שם המאפייה | 評価 |\n|---|---|\n| מאפייה | ⭐⭐⭐⭐⭐ |\n| {LONG} | `{'x' * 120}` |"
    )
    table = run["response"]["tables"][0]
    table["name"] = "مخابز بورتو 🥖"
    for column, name in zip(table["columns"], ("מאפייה", f"連絡先メールアドレス {LONG}", "ملاءمة 🙂"), strict=False):
        column["name"] = name
    other = copy.deepcopy(table)
    other |= {"id": "other", "name": LONG}
    run["response"]["tables"].append(other)
    run["todo"]["pendingQuestions"] = [
        {
            "type": "single-choice",
            "question": "هل أتابع مع لشبونة؟",
            "suggestedAnswers": ["نعم، تابع", "いいえ、結構です", f"👍🏽 {LONG}"],
            "freeformOption": "شيء آخر",
        }
    ]
    run["todo"]["nextActions"] = [{"label": "أضف ساعات العمل"}, {"label": "営業時間を追加する"}, {"label": LONG * 2}]
    return state_of(run)


def much_earlier() -> tuple[RunState, ...]:
    """The third run of a conversation."""
    return STATES["needs_input"](), STATES["timed_out"](), STATES["running_many"]()


MORE: dict[str, Callable[[], RunState | tuple[RunState, ...]]] = {
    "earlier_runs": much_earlier,
    "scripts": scripts,
}
NAMES = (*STATES, *MORE)
_began = 0.0
_numbers = itertools.count(100)


def set_clock() -> None:
    """Let the kernel's clock begin at the moment of the fixtures, and go on from there."""
    global _began  # noqa: PLW0603 - a kernel has one clock
    real = time.time
    _began = _began or real()
    time.time = lambda: NOW + real() - _began


BAKERIES = ("Padaria Ribeira", "Forno da Batalha", "Confeitaria Aurora", "Pão do Bolhão", "Moinho da Foz")
STREETS = ("Rua das Flores", "Rua do Almada", "Cais da Estiva")


def lead(number: int) -> dict[str, Any]:
    """One lead of any table of the fixtures: its e-mail address is found, sought in vain, or not looked up yet."""
    name = f"{BAKERIES[number % 5]}{f' {number // 5 + 1}' if number >= 5 else ''}"
    row: dict[str, Any] = {"id": f"row-{number}", "bakery": name}
    host = f"{BAKERIES[number % 5].split()[-1].lower()}.example"
    if number % 5 == 1:
        row["contact-e-mail"] = {"email": None, "reasoning": "No address stands on their pages."}
    elif number % 7 != 4:
        row["contact-e-mail"] = {
            "email": f"hello@{host}",
            "confidence": ("high", "medium", "low")[number % 3],
            "reasoning": f"Listed on the contact page, {STREETS[number % 3]}.",
            "source_url": f"https://{host}/contact",
        }
    if number % 7 != 4:
        row["fit"] = 40 + 13 * number % 60
    return row


def answer(status: int, body: dict[str, Any]) -> httpx.Response:
    """An answer whose body is read as a stream, as those from a socket are."""
    return httpx.Response(status, stream=httpx.ByteStream(json.dumps(body).encode()))


def client_of(state: RunState) -> ow.Client:
    """A client to whom only leads are known: those of the state's tables."""

    def respond(request: httpx.Request) -> httpx.Response:
        table = next((table for table in state.tables if f"/tables/{table.id}/rows" in request.url.path), None)
        if table is None:
            return answer(404, {"error": {"code": "NOT_FOUND", "message": "Not found"}})
        begin = int(request.url.params.get("cursor", 0))
        total = table.lead_count or 0
        end = min(begin + int(request.url.params.get("limit", 50)), total)
        rows = [lead(number) for number in range(begin, end)]
        following = str(end) if end < total else None
        return answer(200, {"object": "list", "items": rows, "nextCursor": following, "total": total})

    return ow.Client("og_live_0123456789", _transport=httpx.MockTransport(respond))


def run_of(name: str) -> ow.Run:
    """A handle on one state; its leads can be read, nothing else is ever sent or asked."""
    made = {**STATES, **MORE}[name]()
    states = made if isinstance(made, tuple) else (made,)
    operations = client_of(states[-1]).operations
    # The fixtures are all the same run; cards of one run know of each other, and what one sends the others show.
    numbered = (dataclasses.replace(state, run_id=f"{state.run_id[:-3]}{next(_numbers)}") for state in states)
    first, *others = (RunWatch(operations, state) for state in numbered)
    conversation = Conversation(first)
    for watch in others:
        conversation.extend(watch)
    return ow.Run(conversation.current, conversation)


def show(name: str) -> None:
    """Show one state alive, frozen and as text, each in an output of its own."""
    run = run_of(name)
    # In a box, so that a settled card stays alive for its picture.
    display(ipywidgets.VBox([ow.RunCard(run)]))
    display({"text/html": run.to_html(), "text/plain": ""}, raw=True)
    display({"text/plain": str(run)}, raw=True)
