"""The description of the API, read once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

DESCRIPTION = Path(__file__).parent / "openapi.yaml"


@cache
def description() -> dict[str, Any]:
    """The whole of it. Nobody changes it."""
    # The loader that is written in C takes a tenth of the time of the other one; it is not part of each build.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(DESCRIPTION.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - both are safe
