"""What a brief is about, read from its words, so that tables and leads carry its colours."""

from __future__ import annotations

import re
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
_NAME_LENGTH = 60
_FEWEST, _MOST, _USUAL = 5, 60, 24


@dataclass(frozen=True, slots=True)
class Subject:
    """Topic, place (may be empty) and number of leads asked for."""

    topic: str
    place: str
    wanted: int

    @property
    def title(self) -> str:
        """A name for a table or an agent.

        >>> Subject("SaaS founders", "Austin", 20).title
        'SaaS founders in Austin'
        """
        title = f"{self.topic} in {self.place}" if self.place else self.topic
        return title[:_NAME_LENGTH].rstrip()

    def moved(self, place: str) -> Subject:
        """Return the same subject in another place."""
        return replace(self, place=place)


def scenario_words(prompt: str) -> list[str]:
    """List the names after `scenario:` in a prompt, in lower case."""
    return [name.lower() for name in _SCENARIO.findall(prompt)]


def read_subject(prompt: str) -> Subject:
    """Read topic, place and number from a brief.

    >>> read_subject("Find 20 SaaS founders in Austin who raised seed in the last 6 months")
    Subject(topic='SaaS founders', place='Austin', wanted=20)
    >>> read_subject("scenario:filling").topic
    'Companies'
    """
    text = " ".join(_SCENARIO.sub(" ", prompt[:2000]).split())
    place = _PLACE.search(text)
    number = _NUMBER.search(text)
    topic = _NUMBER.sub(" ", _VERB.sub("", text), count=1).strip()
    stop = _STOP.search(topic)
    topic = " ".join(topic[: stop.start() if stop else None].split())[:_NAME_LENGTH].strip(" -\u2013\"'")
    topic = topic[:1].upper() + topic[1:] if topic else "Companies"
    wanted = int(number.group(1)) if number else _USUAL
    return Subject(topic, place.group(1).strip() if place else "", min(_MOST, max(_FEWEST, wanted)))


def slugify(name: str) -> str:
    """Return a name in lower case with hyphens, as slugs are."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "table"
