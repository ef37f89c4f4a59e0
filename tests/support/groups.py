"""Which tests one process runs, of those that share what takes long to start.

The marker `xdist_group` says so, too, but xdist 3.8 notes a group where pytest 9.2 no longer reads it: each process then
started every kernel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from xdist.remote import Producer


class Groups(LoadScopeScheduling):
    """Gives each group of tests to one process, in the order in which they were collected.

    Args:
        config: pytest's.
        log: xdist's.
        group_of: Returns the name of a test's group from the test's id.
    """

    def __init__(self, config: pytest.Config, log: Producer, group_of: Callable[[str], str]) -> None:
        config.option.loadscopereorder = False
        super().__init__(config, log)
        self._group_of = group_of

    def _split_scope(self, nodeid: str) -> str:
        return self._group_of(nodeid)
