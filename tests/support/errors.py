"""Errors that the package names in its docstrings and that have no name at its top."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

import origami_widgets as ow

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def raises(kind: str, match: str | None = None) -> Iterator[pytest.ExceptionInfo[ow.OrigamiError]]:
    """As `pytest.raises`, by the name of the error."""
    with pytest.raises(ow.OrigamiError, match=match) as caught:
        yield caught
    assert type(caught.value).__name__ == kind, repr(caught.value)
