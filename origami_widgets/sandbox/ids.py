"""Ids that follow from the seed alone, so that the same requests give the same answers."""

from __future__ import annotations

from random import Random
from uuid import UUID

_RUN_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


class Ids:
    """A stream of ids.

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
