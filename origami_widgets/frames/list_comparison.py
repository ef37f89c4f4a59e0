"""`overlap`: which companies are in both of two lists of leads, and which in only one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from origami_widgets._version import __version__
from origami_widgets.api.errors import InvalidInput
from origami_widgets.words.foreign_text import unicode_text

from .dtype_backend import DtypeBackend, check_backend, typed_array
from .frame_builder import read_only
from .lead_frames import stack_given
from .leads.cell_array import text_array
from .leads.company_domain import company_domains
from .leads.lead_table import unique_name
from .leads.stacking import cast_to, check_columns, folded_text, python_values, stack_frames
from .values import as_json

if TYPE_CHECKING:
    import numpy.typing as npt

IN_BOTH = "both"
KEY = "key"


def overlap(
    a: object,
    b: object,
    *,
    on: str = "domain",
    left_on: str | None = None,
    right_on: str | None = None,
    names: tuple[str, str] = ("a", "b"),
    dtype_backend: DtypeBackend = "numpy_nullable",
) -> pd.DataFrame:
    """Compare two lists of leads: which companies are in both, and which in only one. Sends no request.

    The result has one row for each value of `on`, a column of both lists; the values of `a` come first. If the lists name
    it differently, `left_on` is the column of `a`, and `right_on` that of `b`: both stay as they are, and the value that
    was compared is in the column `key`.
    Values are compared as texts without case and outer spaces. If one of the columns is `domain`, they are compared as
    domains, without `www.`, subdomain or path. A lead
    without a value is never in both, and has its own row. Columns may have any dtype; whole numbers, booleans and texts
    get nullable dtypes, so that missing values stay missing.

    To keep all leads of `b` that are not in `a`, even several of one company:
    `b[~ow.domain_of(b["domain"]).isin(ow.domain_of(a["domain"]).dropna())]`. `domain_of` reads links and e-mail
    addresses, too.

    Args:
        a: a frame of `leads_frame`, a list of such frames, or any DataFrame with the column `on`, for example your
            existing customers.
        b: the other list.
        on: the column to compare: `"domain"`, or for example `"contact_email"`.
        left_on: the column of `a`, in place of `on`.
        right_on: the column of `b`, in place of `on`.
        names: what the lists are called in `found_in` and in the names of the counts, for example
            `("customers", "found")`.
        dtype_backend: `"numpy_nullable"` or `"pyarrow"`, as in pandas.

    Returns:
        A DataFrame with these columns, then all columns of both lists, with the cells of the first lead that has the
        value. Columns that `a` lacks have the cells of the first such lead in `b`.

        - the column `on`, or `key` (string): the value as it was compared
        - `found_in` (category): `both`, `a` or `b`, or the lists' names
        - `leads_a` (Int64): leads of `a` with this value
        - `leads_b` (Int64): leads of `b` with this value

    Raises:
        InvalidInput: a list is not a DataFrame or has no such column, or the names are not two different words.

    Example:
        >>> import pandas as pd
        >>> from origami_widgets.frames import overlap
        >>> known = pd.DataFrame({"domain": ["pao.example.com", None], "owner": ["Ana", "Rui"]})
        >>> new = pd.DataFrame({"domain": ["Example.com", "broa.pt", "example.com"]})
        >>> found = overlap(known, new)
        >>> found[["domain", "found_in", "leads_b"]].astype(object).to_numpy().tolist()
        [['example.com', 'both', 2], [<NA>, 'a', 0], ['broa.pt', 'b', 1]]
        >>> customers = pd.DataFrame({"Web site": ["https://www.broa.pt", "acme.pt"]})
        >>> found = overlap(customers, new, left_on="Web site", names=("customers", "found"))
        >>> found["found_in"].tolist(), found.columns.tolist()[:4]
        (['both', 'customers', 'found'], ['key', 'found_in', 'leads_customers', 'leads_found'])
        >>> found[["Web site", "domain"]].astype(object).to_numpy().tolist()[0]
        ['https://www.broa.pt', 'broa.pt']
    """
    check_backend(dtype_backend)
    called_a, called_b = _checked_names(names)
    columns = [on if each is None else each for each in (left_on, right_on)]
    lists = [_list_of(a, called_a, columns[0]), _list_of(b, called_b, columns[1])]
    is_of_domains = "domain" in columns
    keys = [frame[column] for frame, column in zip(lists, columns, strict=True)]
    on = columns[0] if columns[0] == columns[1] else unique_name(KEY, *(set(frame.columns) for frame in lists))
    # One row for each value, and one for each lead without a value, at the place of the first such lead.
    words, codes = _codes(keys, is_of_domains=is_of_domains)
    in_a, size = len(lists[0]), len(codes)
    codes = np.where(codes < 0, len(words) + np.arange(size), codes)
    _, places = np.unique(codes, return_index=True)
    places = np.sort(places)
    groups = codes[places]
    leads_a, leads_b = (np.bincount(each, minlength=len(words) + size)[groups] for each in (codes[:in_a], codes[in_a:]))
    found_in = np.where(leads_b == 0, called_a, np.where(leads_a == 0, called_b, IN_BOTH))
    counts = (f"leads_{called_a}", f"leads_{called_b}")
    others = [frame.drop(columns=[on, "found_in", *counts], errors="ignore") for frame in lists]
    rows, findings = stack_frames(others, dtype_backend)
    # If a value is in both, columns that only the second list has come from there.
    first_of_b = np.zeros(len(words) + size, np.intp)
    first_of_b[codes[:in_a]] = np.arange(in_a)
    first_of_b[codes[in_a:][::-1]] = np.arange(size - 1, in_a - 1, -1)
    places_in_b = np.where(leads_b > 0, first_of_b[groups], places)
    own = set(lists[0].columns)
    rows = pd.DataFrame(
        {name: rows[name].array.take(places if name in own else places_in_b) for name in rows.columns}, copy=False
    )
    first = pd.DataFrame(
        {
            on: text_array([*words, None], dtype_backend).take(np.minimum(groups, len(words))),
            "found_in": pd.Categorical(found_in, categories=[IN_BOTH, called_a, called_b]),
            counts[0]: typed_array("integer", leads_a.tolist(), dtype_backend, is_read=True),
            counts[1]: typed_array("integer", leads_b.tolist(), dtype_backend, is_read=True),
        }
    )
    result = pd.concat([first, rows], axis=1)
    about = {
        "frame": "overlap",
        "version": __version__,
        "untrusted": True,
        "on": on,
        "mixed_types": findings.mixed_types,
    }
    result.attrs = read_only({"units": dict.fromkeys(counts, "leads"), "origami": about})
    return result


def _checked_names(names: object) -> tuple[str, str]:
    match names:
        case (str(a), str(b)) if a and b and a != b and IN_BOTH not in (a, b):
            return a, b
    raise InvalidInput(
        "overlap needs a name for each list",
        cause=f"Got names={names!r:.80}.",
        remedy='Use two different words: names=("customers", "found").',
    )


def _list_of(given: object, where: str, column: Any) -> pd.DataFrame:
    if isinstance(given, list | tuple) and given and all(isinstance(each, pd.DataFrame) for each in given):
        given = stack_given(list(given), "numpy_nullable")
    if not isinstance(given, pd.DataFrame):
        raise InvalidInput(
            "overlap compares frames",
            cause=f"Got {type(given).__name__} as {where}.",
            remedy="Read the leads first: overlap(ow.leads_frame(run), ow.leads_frame(other)).",
        )
    check_columns(given)
    if not isinstance(column, Hashable) or column not in given.columns:
        shown = ", ".join(map(str, given.columns[:20]))
        raise InvalidInput(
            f"No column {column!r:.60}",
            cause=f"The frame {where} has these: {shown or 'none'}.",
            remedy="Choose a column of both frames with on=, or one of each with left_on= and right_on=. Frames of "
            'leads_frame have "domain", with columns= if it is among these.',
        )
    return given.reset_index(drop=True)


def _codes(columns: Sequence[pd.Series[Any]], *, is_of_domains: bool) -> tuple[list[str], npt.NDArray[np.intp]]:
    """Return the distinct values of columns as they are compared, and the place of each row's value there; -1 without one."""
    texts, distinct = pd.factorize(pd.concat([_texts(column) for column in columns], ignore_index=True))
    words = distinct.tolist()
    # Not of the folded texts: that would make another domain of faß.de.
    domains = company_domains(words) if is_of_domains else [None] * len(words)
    keys = [domain or folded_text(word) for domain, word in zip(domains, words, strict=True)]
    places: dict[str, int] = {}
    # The last place is that of rows without a text, whose code is -1.
    codes = [places.setdefault(key, len(places)) if key else -1 for key in [*keys, ""]]
    return list(places), np.array(codes, np.intp)[texts]


def _texts(values: pd.Series[Any]) -> pd.Series[Any]:
    if isinstance(values.dtype, pd.StringDtype):
        return cast_to(values, pd.StringDtype())
    cells = python_values(values)
    if not set(map(type, cells)) <= {str, type(None)}:
        # Numbers that were read from a file are often whole floats.
        whole = [int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in cells]
        cells = [cell if cell is None or isinstance(cell, str) else as_json(cell) for cell in whole]
    try:
        return pd.Series(cells, dtype="string")
    except UnicodeEncodeError:
        # Half an emoji.
        return pd.Series([cell and unicode_text(cell) for cell in cells], dtype="string")
