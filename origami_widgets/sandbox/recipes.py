"""How leads and the values of their cells are made up: one recipe per column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from origami_widgets.sandbox import words
from origami_widgets.sandbox.subject import slugify

if TYPE_CHECKING:
    from random import Random

ColumnKind = Literal["input", "enrichment", "score", "sequence"]
Verdict = Literal["pass", "fail", "unsure"]

PASS_FROM, UNSURE_FROM = 60, 45
"""Fit scores that pass, and that are not sure; below they fail."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true of one invented lead, whether or not a column finds it out."""

    company: str
    domain: str
    city: str
    employees: int
    person: str
    role: str
    number: int


class Maker(Protocol):
    """Makes the value of one cell; `found` is false when the work looked and found nothing."""

    def __call__(self, rng: Random, facts: Facts, *, found: bool) -> Any:
        """Return the value as it goes over the wire."""


@dataclass(frozen=True, slots=True)
class ColumnRecipe:
    """A column, its price and its habits.

    `call` is the share of leads that trigger it, `found` the share of those with a result, `errored` the share that
    fail; `credits` is the range of the price of one execution. An `input` column has a `make` and no price.
    """

    name: str
    kind: ColumnKind
    make: Maker
    slug: str | None
    credits: tuple[int, int] = (1, 2)
    call: float = 1.0
    found: float = 0.85
    errored: float = 0.0
    relevance: bool = False
    auto: bool = True

    @property
    def type(self) -> str:
        """The raw storage type: all that is computed is code, only `kind` tells what for."""
        return "static" if self.kind == "input" else "code"


@dataclass(frozen=True, slots=True)
class TableRecipe:
    """A table: its name, its columns and how many leads of each fate it takes in."""

    name: str
    columns: tuple[ColumnRecipe, ...]
    kept: int
    duplicate: int
    excluded: int
    filtered: int
    available: tuple[int | None, ...]
    only_passing: bool = False


def invent(rng: Random, cities: tuple[str, ...], number: int) -> Facts:
    """Invent one lead; `number` tells its telephone and keeps its address apart from the others."""
    stem = rng.choice(words.COMPANY_HEADS) + rng.choice(words.COMPANY_TAILS)
    company = f"{stem} {rng.choice(words.COMPANY_ENDINGS)}"
    family = rng.choice(words.FAMILY_HEADS) + rng.choice(words.FAMILY_TAILS)
    return Facts(
        company=company,
        domain=f"{slugify(company)}-{number}.example",
        city=rng.choice(cities),
        employees=int(3 + 240 * rng.random() ** 2),
        person=f"{rng.choice(words.FIRST_NAMES)} {family}",
        role=rng.choice(words.ROLES),
        number=number,
    )


def verdict_of(score: int) -> Verdict:
    """Judge a fit score."""
    if score >= PASS_FROM:
        return "pass"
    return "unsure" if score >= UNSURE_FROM else "fail"


def _confidence(rng: Random, *, found: bool) -> str:
    return rng.choice(("high", "high", "medium")) if found else "low"


def _text(attribute: Literal["company", "city", "person", "role"]) -> Maker:
    def make(rng: Random, facts: Facts, *, found: bool) -> str:  # noqa: ARG001
        return str(getattr(facts, attribute))

    return make


def _website(rng: Random, facts: Facts, *, found: bool) -> str:  # noqa: ARG001
    return f"https://{facts.domain}"


def _employees(rng: Random, facts: Facts, *, found: bool) -> int:  # noqa: ARG001
    return facts.employees


def _email(rng: Random, facts: Facts, *, found: bool) -> dict[str, Any]:
    mailbox = rng.choice(("hello", "team", facts.person.split()[0].lower()))
    return {
        "email": f"{mailbox}@{facts.domain}" if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "Listed on the contact page." if found else "The site gives a form and no address.",
        "source_url": f"https://{facts.domain}/contact" if found else None,
    }


def _work_email(rng: Random, facts: Facts, *, found: bool) -> dict[str, Any]:
    return {
        "email_address": f"{facts.person.lower().replace(' ', '.')}@{facts.domain}" if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "Follows the pattern of two published addresses." if found else "No pattern could be confirmed.",
        "email_source_url": f"https://{facts.domain}/team" if found else None,
    }


def _phone(rng: Random, facts: Facts, *, found: bool) -> dict[str, Any]:
    return {
        "phone_number": f"+1 555 01{facts.number % 100:02d}" if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "In the imprint." if found else "No number is published.",
        "source_url": f"https://{facts.domain}/imprint" if found else None,
    }


def _address(rng: Random, facts: Facts, *, found: bool) -> dict[str, Any]:
    return {
        "street_address": f"{rng.randint(1, 180)} {rng.choice(words.STREETS)}" if found else None,
        "city": facts.city if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "From the imprint." if found else "Only a postbox is given.",
        "address_source_url": f"https://{facts.domain}/imprint" if found else None,
    }


def _funding(rng: Random, facts: Facts, *, found: bool) -> dict[str, Any]:
    return {
        "amount_usd": rng.randint(3, 80) * 100_000 if found else None,
        "stage": rng.choice(words.STAGES) if found else None,
        "announced_on": f"2026-{rng.randint(1, 7):02d}-{rng.randint(1, 28):02d}" if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "Announced in the company's news." if found else "No announcement in the last year.",
        "source_url": f"https://{facts.domain}/news" if found else None,
    }


def _tools(rng: Random, facts: Facts, *, found: bool) -> list[str]:  # noqa: ARG001
    return sorted(rng.sample(words.TOOLS, rng.randint(1, 4))) if found else []


def _hiring(rng: Random, facts: Facts, *, found: bool) -> bool:  # noqa: ARG001
    return found and rng.random() < 0.4  # noqa: PLR2004


def _news(rng: Random, facts: Facts, *, found: bool) -> dict[str, Any]:
    return {
        "text": f"{facts.company} {rng.choice(words.NEWS)}." if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "Newest entry of the news page." if found else "The news page is empty.",
        "source_url": f"https://{facts.domain}/news" if found else None,
    }


def _profile(rng: Random, facts: Facts, *, found: bool) -> dict[str, Any]:
    return {
        "url": f"https://people.example/{slugify(facts.person)}-{facts.number}" if found else None,
        "confidence": _confidence(rng, found=found),
        "title": facts.role,
    }


def _score(rng: Random, facts: Facts, *, found: bool) -> int:  # noqa: ARG001
    return min(99, max(4, round(rng.gauss(66, 18))))


def _sequence(rng: Random, facts: Facts, *, found: bool) -> str:  # noqa: ARG001
    return f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4{rng.getrandbits(12):03x}-a{rng.getrandbits(12):03x}-{rng.getrandbits(48):012x}"


COMPANY = ColumnRecipe("Company", "input", _text("company"), "company", auto=False)
WEBSITE = ColumnRecipe("Website", "input", _website, "website", auto=False)
CITY = ColumnRecipe("City", "input", _text("city"), "city", auto=False)
EMPLOYEES = ColumnRecipe("Employees", "input", _employees, "employees", auto=False)
PERSON = ColumnRecipe("Name", "input", _text("person"), "name", auto=False)
ROLE = ColumnRecipe("Role", "input", _text("role"), "role", auto=False)

EMAIL = ColumnRecipe("Contact e-mail", "enrichment", _email, "contact-email", credits=(2, 4), errored=0.03)
PHONE = ColumnRecipe("Phone", "enrichment", _phone, "phone", credits=(2, 3), call=0.7, found=0.6)
ADDRESS = ColumnRecipe("Address", "enrichment", _address, "address", credits=(1, 1), found=0.9)
FUNDING = ColumnRecipe("Latest funding", "enrichment", _funding, "latest-funding", credits=(2, 3), found=0.75)
TOOLS = ColumnRecipe("Tools in use", "enrichment", _tools, "tools-in-use", credits=(1, 2), call=0.9)
HIRING = ColumnRecipe("Hiring", "enrichment", _hiring, "hiring", credits=(0, 0))
NEWS = ColumnRecipe("Recent news", "enrichment", _news, "recent-news", credits=(1, 2), call=0.9, found=0.7)
WORK_EMAIL = ColumnRecipe(
    "Work e-mail", "enrichment", _work_email, "work-email", credits=(2, 4), found=0.8, errored=0.04
)
PROFILE = ColumnRecipe("Profile", "enrichment", _profile, "profile", credits=(1, 1))
FIT = ColumnRecipe("Fit", "score", _score, "fit", credits=(1, 2), relevance=True)
SENIORITY = ColumnRecipe("Seniority", "score", _score, "seniority", credits=(0, 1))
OPENER = ColumnRecipe("First e-mail", "sequence", _sequence, "first-email", credits=(1, 1), auto=False)

EXTRAS = (NEWS, TOOLS, PROFILE, ADDRESS, HIRING, FUNDING, PHONE)
"""Columns that a follow-up run may add, in order of preference."""
