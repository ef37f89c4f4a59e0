"""Outputs of cells without a kernel: what IPython is asked to display is kept here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import IPython.display

if TYPE_CHECKING:
    import pytest


def keep_outputs(patch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """Return what each output has shown from now on, in order, by its display id."""
    found: dict[str, list[Any]] = {}

    def display(data: Any, *, raw: bool, display_id: str = "", metadata: Any = None, update: bool = False) -> None:
        assert raw
        assert update == (display_id in found)
        found.setdefault(display_id, []).append(data if metadata is None else (data, metadata))

    patch.setattr(IPython.display, "display", display)
    return found
