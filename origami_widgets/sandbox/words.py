"""Invented names and phrases. No company or person is meant: names are made of syllables, addresses end in .example."""

from __future__ import annotations

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
