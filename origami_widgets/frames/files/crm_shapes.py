"""Leads in the columns that a CRM imports: a file for people, one for companies, and one for what a person has to look at.

`crm_data.toml` has the shapes that have a name, and where their makers describe them.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias

import pandas as pd

from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.rows.cell_values import column_role
from origami_widgets.api.validate import refused, shortened
from origami_widgets.frames.economics.table_economics import COMPANIES, PEOPLE
from origami_widgets.frames.leads.company_domain import company_domain
from origami_widgets.frames.leads.lead_table import OURS
from origami_widgets.frames.leads.left_out import ADDRESS
from origami_widgets.frames.leads.stacking import python_values, table_notes
from origami_widgets.frames.values import spaced

from .lead_export import shown_columns
from .table_files import plain_cell

Shape: TypeAlias = Mapping[str, Any]
"""The heads of the files for `people` and `companies`, each with its role or column. `required` has the heads without which a
row of them can't be imported, `files` the ends of the files' names, `longest` the most characters of a text under a head."""
KINDS = (PEOPLE, COMPANIES)
ROLES = (
    *("email", "other_emails", "first_name", "last_name", "full_name", "phone", "job_title"),
    *("company", "domain", "website", "city", "country", "note"),
)
LONGEST = 65_536
"""HubSpot's limit for a text: https://knowledge.hubspot.com/properties/property-field-types-in-hubspot."""
LEFT_OUT = "left-out"
_KEYS = {PEOPLE: ("email",), COMPANIES: ("domain", "company")}
"""By what two rows are one record."""
_NEVER_FIRST = tuple("=@\t\r")
"""No name, address or phone begins so; a spreadsheet would compute it, and the CRM keeps an apostrophe."""
_SEVERAL = re.compile(r"[;,|\n]|/\s*(?=\+|00)|\s(?:or|oder|ou|o|of)\s")
"""What stands between several phone numbers. A slash alone stands in one, as in 030/1234567."""
_EXTENSION = re.compile(r"(?:\bext(?:ension)?\b\.?|\bx|\bdw\b\.?|#|;ext=)\s*\d+\s*$", re.IGNORECASE)
_ZERO = re.compile(r"[(\[]\s*0\s*[)\]]")
_PHONE = re.compile(r"(\+|00)?[\d\s()./\-\u00a0\u2010-\u2015]+")
_SHORTEST, _LONGEST, _AMERICAN = 8, 15, 10
"""Digits of a number with its country's code, and of one in the USA and Canada without."""
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")

Cells: TypeAlias = dict[str, str]


def checked_shape(shape: object) -> Shape:
    """Return the heads of a shape.

    Raises:
        InvalidInput: it is neither a known name nor a dict of heads.
    """
    if isinstance(shape, str):
        shape = data()["shapes"].get(shape, shape)
    if isinstance(shape, Mapping):
        heads = [shape[kind] for kind in KINDS if kind in shape]
        known = {*KINDS, "required", "files", "longest"}.issuperset(shape)
        if known and heads and all(isinstance(each, Mapping) and each for each in heads):
            return shape
    raise refused(
        "Unknown shape",
        shape,
        'Use shape="hubspot", or a dict of the heads that your CRM imports: shape={"people": {"Email": "email", '
        f'"Surname": "last_name"}}, "companies": {{"Name": "company"}}}}. The roles are: {", ".join(ROLES)}.',
    )


class _Record(NamedTuple):
    """What one lead would be in one file. `is_own`: the lead is that, rather than the company of a person, say."""

    kind: str
    cells: Cells
    is_own: bool
    why: str


@dataclass
class CrmFiles:
    """The rows of the files, as they are filled table by table.

    Attributes:
        shape: the heads.
        rows: the rows of each file, by its kind.
        left_out: rows that a person has to look at, with the reason.
    """

    shape: Shape
    rows: dict[str, list[Cells]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    left_out: list[Cells] = field(default_factory=list)
    _known: set[tuple[str, str]] = field(default_factory=set)

    def add(self, leads: Sequence[pd.DataFrame]) -> None:
        """Add leads: first what is known of a lead itself, then of a person's company, or of whom to contact at a company.

        Raises:
            InvalidInput: the shape names a column that no table has.
        """
        tables = [_Table(part, self.shape) for frame in leads for part in _by_table(frame)]
        wanted = {str(each) for kind in KINDS for each in self.shape.get(kind, {}).values()}
        unknown = wanted - set(ROLES) - {name for table in tables for name in table.names}
        if unknown and tables:
            raise InvalidInput(
                "The shape names an unknown column",
                cause=f"No table has the column {shortened(min(unknown))}.",
                remedy=f"Use a column of the leads, or a role: {', '.join(ROLES)}.",
            )
        records = [record for table in tables for record in table.records()]
        for record in sorted(records, key=lambda each: not each.is_own):
            self._add(record)

    def _add(self, record: _Record) -> None:
        heads: Mapping[str, str] = self.shape.get(record.kind, {})
        cells = {head: record.cells.get(str(role), "") for head, role in heads.items()}
        key = next(
            (value for role in _KEYS[record.kind] if role in heads.values() and (value := record.cells[role])), ""
        )
        why = record.why or self._reason(record.kind, cells)
        if not why and key and (record.kind, key.casefold()) in self._known:
            why = f"{key} is in an earlier row, too"
        if not why:
            self._known.add((record.kind, key.casefold()))
            self.rows[record.kind].append(cells)
        elif record.is_own:
            self.left_out.append({"Left out because": why, **cells})

    def _reason(self, kind: str, cells: Cells) -> str:
        """Return why a row can't be imported; empty if it can."""
        longest = self.shape.get("longest", {})
        if not cells:
            return f"The shape has no {kind}"
        for head in self.shape.get("required", {}).get(kind, ()):
            if not cells.get(head):
                return f"{head} is missing"
        for head, text in cells.items():
            if text.startswith(_NEVER_FIRST):
                return f"{head} begins like a formula"
            if len(text) > longest.get(head, LONGEST):
                return f"{head} is longer than {longest.get(head, LONGEST):,} characters"
        return "" if any(cells.values()) else "All cells are empty"

    def frame(self, kind: str) -> pd.DataFrame:
        """Return a file's rows. Columns without a value are left out, unless they are required: a wizard would ask."""
        if kind == LEFT_OUT:
            heads = ["Left out because", *dict.fromkeys(head for each in KINDS for head in self.shape.get(each, {}))]
            return pd.DataFrame(self.left_out, columns=heads, dtype="string").replace("", pd.NA)
        heads, rows, required = [*self.shape[kind]], self.rows[kind], self.shape.get("required", {}).get(kind, ())
        shown = [head for head in heads if head in required or any(row[head] for row in rows)]
        return pd.DataFrame(rows, columns=heads, dtype="string").replace("", pd.NA)[shown]


class _Table:
    """The leads of one table, with what its columns are for.

    Attributes:
        kind: what its leads are.
        names: the names and headings of its columns, which a shape may name.
    """

    def __init__(self, frame: pd.DataFrame, shape: Shape) -> None:
        self._frame = frame
        # A heading may be that of a part, such as "Founder: title".
        shown = [
            (str(frame.columns[each.at]), each.heading, each.at)
            for each in shown_columns(frame)
            if each.place == "shown" and each.heading not in OURS
        ]
        self.names = {name: at for name, heading, at in reversed(shown) for name in (heading, name)}
        self._roles: dict[str, list[int]] = {}
        for _, heading, at in shown:
            if role := _role_of(heading):
                self._roles.setdefault(role, []).append(at)
        self._settle_names()
        has_person = {"full_name", "first_name", "last_name"} & self._roles.keys()
        has_company = {"company", "website"} & self._roles.keys()
        self.kind = PEOPLE if has_person or not has_company else COMPANIES
        asked = {str(each) for kind in KINDS for each in shape.get(kind, {}).values()} - set(ROLES)
        self._asked = {name: self.names[name] for name in asked if name in self.names}
        self._has_note = "note" in shape.get(self.kind, {}).values()

    def _settle_names(self) -> None:
        """Decide whose name a column "Name" has, by the other columns."""
        if (bare := self._roles.pop("name", None)) is None:
            return
        known = self._roles.keys()
        if ("first_name" in known) != ("last_name" in known):
            role = "last_name" if "first_name" in known else "first_name"
        else:
            role = "company" if "website" in known and "company" not in known else "full_name"
        self._roles.setdefault(role, bare)

    def records(self) -> Iterator[_Record]:
        """Yield what each lead is: a person, a company, or a person with a company."""
        frame = self._frame
        places = {place for several in self._roles.values() for place in several} | set(self._asked.values())
        columns = {place: [_text(value) for value in frame.iloc[:, place].astype(object)] for place in places}
        nothing = [None] * len(frame)
        domains = python_values(frame["domain"]) if {"domain", "row_id"} <= set(frame.columns) else nothing
        verdicts = python_values(frame["company_qualified"]) if "company_qualified" in frame else [True] * len(frame)
        qualified = python_values(frame["qualified"]) if {"qualified", "row_id"} <= set(frame.columns) else nothing
        for row in range(len(frame)):
            if qualified[row] is False or verdicts[row] is False:
                continue
            texts = {
                role: [text for each in several if (text := columns[each][row])]
                for role, several in self._roles.items()
            }
            asked = {name: columns[place][row] for name, place in self._asked.items()}
            why = "It isn't known whether the company qualifies" if verdicts[row] is None else ""
            yield from self._of_lead(texts, domains[row], asked, why)

    def _of_lead(self, texts: dict[str, list[str]], domain: str | None, asked: Cells, why: str) -> Iterator[_Record]:
        first = {role: found[0] for role, found in texts.items() if found}
        addresses = [each.strip(".'") for text in texts.get("email", ()) for each in ADDRESS.findall(text)]
        own = [each for each in dict.fromkeys(addresses) if not is_shared_mailbox(each)]
        shared = [each for each in dict.fromkeys(addresses) if is_shared_mailbox(each)]
        numbers = [each for text in texts.get("phone", ()) for each in phones_of(text)]
        known = [found for each in numbers if (found := e164(each, first.get("country", "")))]
        unclear = [each for each in numbers if not e164(each, first.get("country", ""))]
        notes = [f"Phone: {each}" for each in (*known[1:], *unclear)]
        phone = known[0] if known else "" if self._has_note or not numbers else numbers[0]
        if texts.get("email") and not addresses:
            notes.append(f"E-mail: {texts['email'][0]}")
        place = {role: first.get(role, "") for role in ("company", "website", "city", "country")}
        websites = map(company_domain, (*texts.get("website", ()), *addresses))
        place["domain"] = domain or next((each for each in websites if each), None) or ""
        name = (first.get("first_name", ""), first.get("last_name", ""))
        name = name if any(name) else split_name(first.get("full_name", ""))
        is_person = self.kind == PEOPLE
        reach = {"phone": phone, "note": "; ".join(notes)}
        person = {"email": "", **place, **(reach if is_person else {}), "job_title": first.get("job_title", "")}
        person |= {"first_name": name[0], "last_name": name[1], "other_emails": ";".join(own[1:])}
        person |= {"full_name": first.get("full_name", " ".join(filter(None, name))), "email": (own or [""])[0]}
        company = {**place, **({} if is_person else reach), "email": (shared or [""])[0]}
        of_company = f"{shared[0]} is an address of the company" if is_person and shared and not own else ""
        if is_person or (own and not why):
            yield _Record(PEOPLE, {**asked, **person}, is_person, why or of_company)
        if not is_person or ((place["domain"] or place["company"]) and not why):
            yield _Record(COMPANIES, {**asked, **company}, not is_person, why)


def _role_of(heading: str) -> str | None:
    """Return what a column is for.

    >>> _role_of("Contact e-mail"), _role_of("Nombre de la empresa"), _role_of("Founder: title"), _role_of("Notes")
    ('email', 'company', 'job_title', None)
    """
    roles: dict[str, str] = data()["roles"]
    whole, part = folded(heading), folded(heading.rpartition(": ")[2])
    found = roles.get(whole) or roles.get(part)
    if found is None and (role := column_role(heading, "")) in ("email", "phone", "website"):
        return role
    return found


def _text(value: object) -> str:
    cell = plain_cell(value)
    text = "" if cell is None else str(cell)
    return text if text[:1] in "\t\r" else text.strip()


def _by_table(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the leads of each table without the columns of others."""
    if "table_id" not in frame or len(frame["table_id"].unique()) <= 1:
        yield frame
        return
    for table_id, part in frame.groupby("table_id", sort=False, dropna=False):
        notes = [note for note in table_notes(frame) if note.get("table_id") == table_id]
        kept = part.dropna(axis="columns", how="all").reset_index(drop=True)
        kept.attrs = {"origami": {"tables": notes}} if notes else {}
        yield kept


def crm_parts(shape: Shape, read: Callable[[], Sequence[pd.DataFrame]]) -> list[tuple[str, Callable[[], pd.DataFrame]]]:
    """Return the end of each file's name, and what makes its rows. The leads are read once.

    Args:
        shape: the heads, as `checked_shape` returns them.
        read: reads the leads.
    """

    @cache
    def filled() -> CrmFiles:
        made = CrmFiles(shape)
        made.add(read())
        return made

    def rows(kind: str) -> pd.DataFrame:
        return filled().frame(kind)

    names = shape.get("files", {})
    return [(names.get(kind, kind), partial(rows, kind)) for kind in (*(k for k in KINDS if k in shape), LEFT_OUT)]


@cache
def data() -> dict[str, Any]:
    """Return the shapes and words of `crm_data.toml`, with the role of each heading and the country of each name."""
    found = tomllib.loads((files(__package__) / "crm_data.toml").read_text("utf-8"))
    found["roles"] = {word: role for role, several in found["roles"].items() for word in several}
    found["countries"] |= {name: each for each in [*found["countries"].values()] for name in each["names"]}
    return found


def folded(text: str) -> str:
    """Return a text as the lists have it.

    >>> folded("Contact E-Mail"), folded("firstName"), folded("Prénom")
    ('contact e mail', 'first name', 'prenom')
    """
    plain = unicodedata.normalize("NFKD", spaced(text))
    return "".join(each for each in plain if not unicodedata.combining(each)).casefold()


def e164(text: str, country: str = "") -> str | None:
    """Return a phone number as E.164; None if it lacks its country, or isn't one.

    Args:
        text: the number as it was found.
        country: its country, by name in seven languages or ISO code, for numbers without `+` and `00`.

    Example:
        >>> e164("+351 (0)21 123-4567 ext. 9"), e164("0043 1 234 5678"), e164("1-800-FLOWERS")
        ('+351211234567', '+4312345678', None)
        >>> e164("030/123 4567"), e164("030/123 4567", "Deutschland"), e164("21 123 4567", "PT")
        (None, '+49301234567', '+351211234567')
    """
    bare = _ZERO.sub("", _EXTENSION.sub("", text)).strip()
    if (number := _PHONE.fullmatch(bare)) is None:
        return None
    digits = re.sub(r"\D", "", bare)
    if number[1]:
        digits = digits.removeprefix("00") if number[1] == "00" else digits
    else:
        known = data()["countries"].get(folded(country))
        if known is None:
            return None
        trunk = known.get("trunk", "")
        if known["code"] == "1" and len(digits) > _AMERICAN:
            digits = digits.removeprefix("1")
        # Without its trunk prefix, it may have the country's code already.
        if not digits.startswith(trunk) or ("digits" in known and len(digits) not in known["digits"]):
            return None
        digits = known["code"] + digits.removeprefix(trunk)
    return f"+{digits}" if _SHORTEST <= len(digits) <= _LONGEST and digits[0] != "0" else None


def phones_of(text: str) -> list[str]:
    """Return the phone numbers of a cell, as they are written.

    >>> phones_of("+351 21 1234567 / +351 91 7654321"), phones_of("030/1234567")
    (['+351 21 1234567', '+351 91 7654321'], ['030/1234567'])
    """
    return [each.strip() for each in _SEVERAL.split(text) if each.strip()]


def split_name(text: str) -> tuple[str, str]:
    """Return first and last name of two Latin words; of anything else, the whole as last name.

    >>> split_name("Ana Sousa"), split_name("Dr. Sousa"), split_name("Ana de Sousa"), split_name("Van Gogh")
    (('Ana', 'Sousa'), ('', 'Dr. Sousa'), ('', 'Ana de Sousa'), ('', 'Van Gogh'))
    """
    first, *rest = text.split() or [""]
    known = data()["names"]
    is_plain = len(rest) == 1 and all(
        len(part) > 1
        and _WORD.fullmatch(part)
        and all("LATIN" in unicodedata.name(sign, "") for sign in part if sign.isalpha())
        and folded(part) not in (*known["particles"], *known["titles"])
        for part in (first, *rest)
    )
    return (first, rest[0]) if is_plain else ("", text)


def is_shared_mailbox(address: str) -> bool:
    """Return whether an address is a company's rather than a person's.

    >>> is_shared_mailbox("info@acme.pt"), is_shared_mailbox("Sales.EMEA@acme.pt"), is_shared_mailbox("ana@acme.pt")
    (True, True, False)
    """
    mailbox = folded(address.partition("@")[0].partition("+")[0])
    shared = data()["mailboxes"]["shared"]
    return mailbox in shared or mailbox.split(" ")[0] in shared
