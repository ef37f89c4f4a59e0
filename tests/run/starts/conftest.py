"""A sandbox behind a front on which requests go wrong, a client of it, and files for `once=`."""

from __future__ import annotations

from tests.support.starts import base_url, client, clock, execute, files, front, quick

__all__ = ["base_url", "client", "clock", "execute", "files", "front", "quick"]
