"""Parse a prompt: topic, place, number of leads, scenario, and answers to questions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

_SCENARIO = re.compile(r"\bscenario:([a-z0-9_]+)", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])(\d{1,3})(?![\w.])")
_PLACE = re.compile(r"\b(?:in|near|around|from)\s+((?:[A-ZÀ-Þ][\w'-]+\s?){1,3})")
_STOP = re.compile(
    r"\b(?:who|that|which|with|whose|where|and their|in|near|around|from|for)\b|[.,;:?!\n]", re.IGNORECASE
)
_VERB = re.compile(
    r"^(?:please\s+)?(?:find|list|get|show|build|make|give|search|look\s+for|research|source|collect)"
    r"(?:\s+(?:me|us|out|for))*\s+",
    re.IGNORECASE,
)
_MAX_TITLE_LENGTH = 60
_MIN_LEADS, _MAX_LEADS, _DEFAULT_LEADS = 5, 60, 24


@dataclass(frozen=True, slots=True)
class ParsedPrompt:
    """Requested topic, place (may be empty) and number of leads."""

    topic: str
    place: str
    lead_target: int

    @property
    def title(self) -> str:
        """A name for a table or an agent.

        >>> ParsedPrompt("SaaS founders", "Austin", 20).title
        'SaaS founders in Austin'
        """
        title = f"{self.topic} in {self.place}" if self.place else self.topic
        return title[:_MAX_TITLE_LENGTH].rstrip()

    def in_place(self, place: str) -> ParsedPrompt:
        """Return the same topic and number in another place."""
        return replace(self, place=place)


def scenario_names(prompt: str) -> list[str]:
    """List the names after `scenario:` in a prompt, in lower case."""
    return [name.lower() for name in _SCENARIO.findall(prompt)]


def parse_prompt(prompt: str) -> ParsedPrompt:
    """Read topic, place and number of leads from a prompt.

    >>> parse_prompt("Find 20 SaaS founders in Austin who raised seed in the last 6 months")
    ParsedPrompt(topic='SaaS founders', place='Austin', lead_target=20)
    >>> parse_prompt("scenario:filling").topic
    'Companies'
    """
    text = " ".join(_SCENARIO.sub(" ", prompt[:2000]).split())
    place = _PLACE.search(text)
    number = _NUMBER.search(text)
    topic = _NUMBER.sub(" ", _VERB.sub("", text), count=1).strip()
    stop = _STOP.search(topic)
    topic = " ".join(topic[: stop.start() if stop else None].split())[:_MAX_TITLE_LENGTH].strip(" -\u2013\"'")
    topic = topic[:1].upper() + topic[1:] if topic else "Companies"
    lead_target = int(number.group(1)) if number else _DEFAULT_LEADS
    return ParsedPrompt(topic, place.group(1).strip() if place else "", min(_MAX_LEADS, max(_MIN_LEADS, lead_target)))


_WISHES = {
    "person": r"person|people|contacts?\b|decision[- ]makers?|founders?|owners?|ceos?\b|managers?|(?:head|director|chief|vp) of",
    "role": r"roles?\b|titles?\b|positions?\b",
    "email": r"e-?mails?",
    "phone": r"phones?|telephones?|mobiles?",
    "funding": r"fund(?:ing|ed|s)|raised|investors?|rounds?\b",
    "address": r"(?<!mail )address(?:es)?|headquarters",
    "tools": r"tools?\b|tech(?:nology)? stack|software",
    "news": r"news",
    "hiring": r"hiring|job openings|vacancies",
    "profile": r"linkedin|profiles?\b",
    "fit": r"fits?\b|scores?\b|rank|qualif\w+|ideal customer",
}
_MORE_ROWS = re.compile(
    r"\badd\s+(?:\d+|more|some|new|other|similar)\b|\bmore\s+(?:rows|leads|companies|people)|\bsimilar\s+(?:companies|people)",
    re.IGNORECASE,
)
_FILLS = re.compile(r"\bfill\b[^.]*\b(?:empty|missing|remaining)\b[^.]*\bcells?\b", re.IGNORECASE)
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)
_LEAVE_OUT = re.compile(
    r"\b(?:leave out|leaving out|exclud\w+|except|not in|other than)\b[^.]*\b(?:list|table|customers|companies|rows|them|these|those)\b",
    re.IGNORECASE,
)


def read_wishes(prompt: str) -> list[str]:
    """List the columns that a prompt asks for on a list of the user's own.

    >>> read_wishes("Find the head of operations, her e-mail address and how well the company fits")
    ['person', 'email', 'fit']
    """
    return [name for name, words in _WISHES.items() if re.search(rf"\b(?:{words})", prompt, re.IGNORECASE)]


def adds_rows(prompt: str) -> bool:
    """Return whether a prompt says to add rows to a list.

    >>> adds_rows("Add 10 similar companies"), adds_rows("Find the phone numbers of these companies")
    (True, False)
    """
    return _MORE_ROWS.search(prompt) is not None


def leaves_out(prompt: str) -> bool:
    """Return whether a prompt says to leave out what a list has, instead of working on it.

    >>> leaves_out("Find bakers in Porto. Leave out our customers.")
    True
    """
    return _LEAVE_OUT.search(prompt) is not None


def fills_cells(prompt: str) -> bool:
    """Return whether a prompt says to fill empty cells of columns that are there.

    >>> fills_cells("Fill the empty cells of the column Phone"), fills_cells("Find companies that fill vacancies")
    (True, False)
    """
    return _FILLS.search(prompt) is not None


def read_ids(prompt: str) -> frozenset[str]:
    """Return the ids of tables and rows that a prompt names."""
    return frozenset(each.lower() for each in _UUID.findall(prompt))


def slugify(name: str) -> str:
    """Return a name in lower case with hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "table"


def unique_slug(slug: str, taken: Sequence[str | None]) -> str:
    """Return a slug that no other column has.

    >>> unique_slug("email", ["email", "email-2"])
    'email-3'
    """
    names = (slug, *(f"{slug}-{number}" for number in range(2, len(taken) + 2)))
    return next(name for name in names if name not in taken)


_MARKS = re.compile(r"^(?:[\s\-\u2013\u2014:>*\"\u201c]|a(?:nswer)?:)+|[\s.\"\u201d*]+$", re.IGNORECASE)


def read_answers(prompt: str, count: int) -> tuple[str, ...]:
    r"""Read the answers to `count` questions from the free text of a follow-up.

    >>> read_answers("Which region should I search first? Iberia.\nMay I look up e-mail addresses? Yes.", 2)
    ('Iberia', 'Yes')
    """
    answers = [part for line in prompt.splitlines() if (part := _after_question(line))]
    return tuple(answers[:count])


def _after_question(line: str) -> str:
    return _MARKS.sub("", line.rsplit("?", 1)[-1])[:60]
