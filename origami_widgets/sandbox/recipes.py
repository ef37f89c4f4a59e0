"""Recipes for tables and columns: a column's cost, how often it succeeds, and its values; invented companies, people, ids.

All is derived from a seed. Nothing refers to real companies or people: names are made of syllables, and web and e-mail
addresses end in `.example`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Literal, Protocol
from uuid import UUID

from origami_widgets.sandbox.prompt_parser import slugify

COMPANY_HEADS = (
    "Vel", "Quor", "Tess", "Bram", "Ond", "Kiv", "Mar", "Lun", "Pel", "Sor", "Thal", "Yar", "Zeph", "Cald", "Dren",
    "Fenn", "Gral", "Hest", "Ivo", "Jor", "Nym", "Osk", "Rud", "Styr", "Ulm", "Wex",
)  # fmt: skip
COMPANY_TAILS = (
    "mora", "dix", "aro", "wick", "rell", "anta", "beck", "vane", "lith", "oro", "quist", "dane", "phor", "itra",
    "essa", "und", "ovia", "orix",
)  # fmt: skip
COMPANY_ENDINGS = ("Systems", "Labs", "Analytics", "Works", "Partners", "Studio", "Cloud", "Group", "Collective", "Co")
FIRST_NAMES = (
    "Ada", "Bruno", "Clara", "Dario", "Elin", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kaia", "Luca", "Mira",
    "Nils", "Olga", "Pavel", "Rosa", "Samir", "Tove", "Uma", "Viktor", "Wanda", "Yusuf", "Zora",
)  # fmt: skip
FAMILY_HEADS = ("Ondar", "Vasqu", "Therl", "Brann", "Kestl", "Morv", "Lyndr", "Pellt", "Saru", "Drax", "Fjurl", "Zahr")
FAMILY_TAILS = ("ell", "ine", "owitz", "aker", "strom", "idas", "eau", "ano", "berg", "ova", "ura", "wyn")
ROLES = ("Founder", "Chief executive", "Head of growth", "Operations lead", "Head of sales", "Product lead")
STREETS = ("Harbour Street", "Mill Lane", "Station Road", "Orchard Way", "Foundry Row", "Market Square", "Quay Road")
CITIES = ("Porto", "Leeds", "Austin", "Ghent", "Turin", "Malmö", "Graz", "Lyon", "Boston", "Galway")
REGIONS = {
    "iberia": ("Lisbon", "Porto", "Madrid", "Valencia", "Bilbao", "Seville"),
    "france": ("Lyon", "Nantes", "Lille", "Bordeaux", "Rennes"),
    "benelux": ("Ghent", "Antwerp", "Utrecht", "Rotterdam", "Luxembourg"),
    "europe": ("Porto", "Ghent", "Turin", "Malmö", "Graz", "Lyon"),
}
TOOL_NAMES = ("Postgres", "Kafka", "React", "Django", "Terraform", "Snowflake", "Rust", "Kubernetes", "dbt", "Elixir")
STAGES = ("pre-seed", "seed", "series A", "series B")
NEWS_ITEMS = ("opened a second office", "released a public beta", "hired a head of sales", "won a regional award")
SOURCES = ("Company directory", "Funding announcements", "Trade register", "Conference exhibitors", "Job boards")


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """The facts about one invented lead, whether or not a column finds them."""

    company: str
    domain: str
    city: str
    employees: int
    person: str
    role: str
    number: int


def invent(rng: Random, cities: tuple[str, ...], number: int) -> LeadFacts:
    """Return an invented lead. `number` gives its telephone number and makes its web address unique."""
    stem = rng.choice(COMPANY_HEADS) + rng.choice(COMPANY_TAILS)
    company = f"{stem} {rng.choice(COMPANY_ENDINGS)}"
    family = rng.choice(FAMILY_HEADS) + rng.choice(FAMILY_TAILS)
    return LeadFacts(
        company=company,
        domain=f"{slugify(company)}-{number}.example",
        city=rng.choice(cities),
        employees=int(3 + 240 * rng.random() ** 2),
        person=f"{rng.choice(FIRST_NAMES)} {family}",
        role=rng.choice(ROLES),
        number=number,
    )


_RUN_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class IdGenerator:
    """Source of ids.

    Args:
        seed: anything printable; equal seeds give equal streams.
    """

    def __init__(self, seed: object) -> None:
        self._random = Random(f"ids:{seed}")  # noqa: S311  # repeatable on purpose, nothing is secret

    def uuid(self) -> str:
        """Return the next UUID (version 4)."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def run(self) -> str:
        """Return the next run id."""
        return "v2_run-" + "".join(self._random.choice(_RUN_ALPHABET) for _ in range(12))

    def request(self) -> str:
        """Return the next request id."""
        return f"req_{self._random.getrandbits(80):020x}"


ColumnKind = Literal["input", "enrichment", "score", "sequence"]

Verdict = Literal["pass", "fail", "unsure"]

LeadOutcome = Literal["kept", "duplicate", "excluded", "filtered"]
"""Outcome of a sourced lead. A duplicate never becomes a row; excluded and filtered leads are deleted later."""

PASS_SCORE, UNSURE_SCORE = 60, 45
"""Lowest fit scores to pass and to be unsure; lower ones fail."""


class ValueMaker(Protocol):
    """Makes the value of a cell. `found` is False if the cell run looked and found nothing."""

    def __call__(self, rng: Random, facts: LeadFacts, *, found: bool) -> Any:
        """Return the value as the API sends it."""


@dataclass(frozen=True, slots=True)
class ColumnRecipe:
    """A column, its price and its rates.

    `call_rate` is the share of leads that trigger it, `found_rate` the share of those with a result, `error_rate` the
    share that fails; `credits` is the range of the price of one cell run. An `input` column has a `make` and no price.
    """

    name: str
    kind: ColumnKind
    make: ValueMaker
    slug: str | None
    credits: tuple[int, int] = (1, 2)
    call_rate: float = 1.0
    found_rate: float = 0.85
    error_rate: float = 0.0
    is_relevance: bool = False
    auto_trigger: bool = True

    @property
    def type(self) -> str:
        """The raw storage type. Every computed column is `code`; only `kind` says what it computes."""
        return "static" if self.kind == "input" else "code"


@dataclass(frozen=True, slots=True)
class TableRecipe:
    """A table: its name, its columns and how many leads of each outcome are sourced."""

    name: str
    columns: tuple[ColumnRecipe, ...]
    leads: Mapping[LeadOutcome, int]
    available: tuple[int | None, ...]
    saves_filters: bool = False


def verdict_of(score: int) -> Verdict:
    """Return the verdict on a fit score."""
    if score >= PASS_SCORE:
        return "pass"
    return "unsure" if score >= UNSURE_SCORE else "fail"


def _confidence(rng: Random, *, found: bool) -> str:
    return rng.choice(("high", "high", "medium")) if found else "low"


def _text(attribute: Literal["company", "city", "person", "role"]) -> ValueMaker:
    def make(rng: Random, facts: LeadFacts, *, found: bool) -> str:  # noqa: ARG001
        return str(getattr(facts, attribute))

    return make


def _nothing(rng: Random, facts: LeadFacts, *, found: bool) -> None:  # noqa: ARG001
    return None


def _website(rng: Random, facts: LeadFacts, *, found: bool) -> str:  # noqa: ARG001
    return f"https://{facts.domain}"


def _employees(rng: Random, facts: LeadFacts, *, found: bool) -> int:  # noqa: ARG001
    return facts.employees


def _email(rng: Random, facts: LeadFacts, *, found: bool) -> dict[str, Any]:
    mailbox = rng.choice(("hello", "team", facts.person.split()[0].lower()))
    return {
        "email": f"{mailbox}@{facts.domain}" if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "Listed on the contact page." if found else "The site has a contact form but no address.",
        "source_url": f"https://{facts.domain}/contact" if found else None,
    }


def _work_email(rng: Random, facts: LeadFacts, *, found: bool) -> dict[str, Any]:
    return {
        "email_address": f"{facts.person.lower().replace(' ', '.')}@{facts.domain}" if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "Matches the pattern of two published addresses." if found else "Couldn't confirm a pattern.",
        "email_source_url": f"https://{facts.domain}/team" if found else None,
    }


def _phone(rng: Random, facts: LeadFacts, *, found: bool) -> dict[str, Any]:
    return {
        "phone_number": f"+1 555 01{facts.number % 100:02d}" if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "Listed in the imprint." if found else "No phone number published.",
        "source_url": f"https://{facts.domain}/imprint" if found else None,
    }


def _address(rng: Random, facts: LeadFacts, *, found: bool) -> dict[str, Any]:
    return {
        "street_address": f"{rng.randint(1, 180)} {rng.choice(STREETS)}" if found else None,
        "city": facts.city if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "From the imprint." if found else "Only a PO box is listed.",
        "address_source_url": f"https://{facts.domain}/imprint" if found else None,
    }


def _funding(rng: Random, facts: LeadFacts, *, found: bool) -> dict[str, Any]:
    return {
        "amount_usd": rng.randint(3, 80) * 100_000 if found else None,
        "stage": rng.choice(STAGES) if found else None,
        "announced_on": f"2026-{rng.randint(1, 7):02d}-{rng.randint(1, 28):02d}" if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "Announced in the company's news." if found else "Nothing announced in the last year.",
        "source_url": f"https://{facts.domain}/news" if found else None,
    }


def _tools(rng: Random, facts: LeadFacts, *, found: bool) -> list[str]:  # noqa: ARG001
    return sorted(rng.sample(TOOL_NAMES, rng.randint(1, 4))) if found else []


def _hiring(rng: Random, facts: LeadFacts, *, found: bool) -> bool:  # noqa: ARG001
    return found and rng.random() < 0.4  # noqa: PLR2004


def _news(rng: Random, facts: LeadFacts, *, found: bool) -> dict[str, Any]:
    return {
        "text": f"{facts.company} {rng.choice(NEWS_ITEMS)}." if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "Latest entry on the news page." if found else "The news page is empty.",
        "source_url": f"https://{facts.domain}/news" if found else None,
    }


def _profile(rng: Random, facts: LeadFacts, *, found: bool) -> dict[str, Any]:
    return {
        "url": f"https://people.example/{slugify(facts.person)}-{facts.number}" if found else None,
        "confidence": _confidence(rng, found=found),
        "title": facts.role,
    }


def _contact(rng: Random, facts: LeadFacts, *, found: bool) -> dict[str, Any]:
    return {
        "name": facts.person if found else None,
        "confidence": _confidence(rng, found=found),
        "reasoning": "Named on the team page." if found else "The team page names nobody.",
        "source_url": f"https://{facts.domain}/team" if found else None,
    }


def _contact_role(rng: Random, facts: LeadFacts, *, found: bool) -> dict[str, Any]:
    return {
        "role": facts.role if found else None,
        "confidence": _confidence(rng, found=found),
        "source_url": f"https://{facts.domain}/team" if found else None,
    }


def _score(rng: Random, facts: LeadFacts, *, found: bool) -> int:  # noqa: ARG001
    return min(99, max(4, round(rng.gauss(66, 18))))


def _sequence(rng: Random, facts: LeadFacts, *, found: bool) -> str:  # noqa: ARG001
    return f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4{rng.getrandbits(12):03x}-a{rng.getrandbits(12):03x}-{rng.getrandbits(48):012x}"


COMPANY = ColumnRecipe("Company", "input", _text("company"), "company", auto_trigger=False)
WEBSITE = ColumnRecipe("Website", "input", _website, "website", auto_trigger=False)
CITY = ColumnRecipe("City", "input", _text("city"), "city", auto_trigger=False)
EMPLOYEES = ColumnRecipe("Employees", "input", _employees, "employees", auto_trigger=False)
PERSON = ColumnRecipe("Name", "input", _text("person"), "name", auto_trigger=False)
ROLE = ColumnRecipe("Role", "input", _text("role"), "role", auto_trigger=False)
OTHER = ColumnRecipe("Other", "input", _nothing, "other", auto_trigger=False)
EMAIL = ColumnRecipe("Contact e-mail", "enrichment", _email, "contact-email", credits=(2, 4), error_rate=0.03)
PHONE = ColumnRecipe("Phone", "enrichment", _phone, "phone", credits=(2, 3), call_rate=0.7, found_rate=0.6)
ADDRESS = ColumnRecipe("Address", "enrichment", _address, "address", credits=(1, 1), found_rate=0.9)
FUNDING = ColumnRecipe("Latest funding", "enrichment", _funding, "latest-funding", credits=(2, 3), found_rate=0.75)
TOOLS = ColumnRecipe("Tools in use", "enrichment", _tools, "tools-in-use", credits=(1, 2), call_rate=0.9)
HIRING = ColumnRecipe("Hiring", "enrichment", _hiring, "hiring", credits=(0, 0))
NEWS = ColumnRecipe("Recent news", "enrichment", _news, "recent-news", credits=(1, 2), call_rate=0.9, found_rate=0.7)
WORK_EMAIL = ColumnRecipe(
    "Work e-mail", "enrichment", _work_email, "work-email", credits=(2, 4), found_rate=0.8, error_rate=0.04
)
PROFILE = ColumnRecipe("Profile", "enrichment", _profile, "profile", credits=(1, 1))
FIT = ColumnRecipe("Fit", "score", _score, "fit", credits=(1, 2), is_relevance=True)
SENIORITY = ColumnRecipe("Seniority", "score", _score, "seniority", credits=(0, 1))
OPENER = ColumnRecipe("First e-mail", "sequence", _sequence, "first-email", credits=(1, 1), auto_trigger=False)
CONTACT = ColumnRecipe("Contact", "enrichment", _contact, "contact", credits=(1, 2), error_rate=0.02)
CONTACT_ROLE = ColumnRecipe("Role", "enrichment", _contact_role, "role", credits=(1, 1), found_rate=0.9)
WISHES = {
    "person": CONTACT,
    "role": CONTACT_ROLE,
    "email": WORK_EMAIL,
    "phone": replace(PHONE, credits=(15, 15), call_rate=1.0),
    "funding": FUNDING,
    "address": ADDRESS,
    "tools": TOOLS,
    "news": NEWS,
    "hiring": HIRING,
    "profile": PROFILE,
    "fit": FIT,
}
"""Columns that a prompt may ask for on a list of the user's own. A phone number is as dear as the vendor's."""

EXTRAS = (NEWS, TOOLS, PROFILE, ADDRESS, HIRING, FUNDING, PHONE)
"""Columns that a follow-up may add, in order of preference."""
