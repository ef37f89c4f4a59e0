"""Invented companies, people and ids, all derived from a seed.

They do not refer to real companies or people: names are made of syllables, and web and e-mail addresses end in
`.example`.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
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
TOOLS = ("Postgres", "Kafka", "React", "Django", "Terraform", "Snowflake", "Rust", "Kubernetes", "dbt", "Elixir")
STAGES = ("pre-seed", "seed", "series A", "series B")
NEWS = ("opened a second office", "released a public beta", "hired a head of sales", "won a regional award")
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
