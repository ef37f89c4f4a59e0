"""Pages of rows on disk, for what should not be in memory at once."""

from __future__ import annotations

import pickle
import tempfile
import threading
import weakref
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

QUICK = 1


class Spool:
    """Pages in a temporary file without a name: it is gone when nobody holds the spool, whatever ends the process."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="origami-")  # noqa: SIM115 - open as long as the spool
        self._pages: list[tuple[int, int]] = []
        self._end = 0
        self._lock = threading.Lock()
        self._closing = weakref.finalize(self, self._file.close)

    def add(self, rows: Sequence[dict[str, Any]]) -> None:
        """Write a page. A disk that is full raises, and then the page is not there."""
        data = zlib.compress(pickle.dumps(list(rows), pickle.HIGHEST_PROTOCOL), QUICK)
        with self._lock:
            self._file.seek(self._end)
            self._file.write(data)
            self._file.flush()
            self._pages.append((self._end, len(data)))
            self._end += len(data)

    def pages(self) -> Iterator[list[dict[str, Any]]]:
        """The pages that are there now, in order; several may be read at once."""
        for start, size in list(self._pages):
            with self._lock:
                self._file.seek(start)
                data = self._file.read(size)
            yield pickle.loads(zlib.decompress(data))  # noqa: S301 - written above, where nobody else can write
