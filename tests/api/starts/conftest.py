"""A sandbox behind a front on which requests go wrong, and files for `once=`."""

from __future__ import annotations

from tests.support.starts import base_url, clock, files, front

__all__ = ["base_url", "clock", "files", "front"]
