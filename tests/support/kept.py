"""What a process keeps in its memory."""

from __future__ import annotations

import gc
import sys
from types import FrameType


def texts_with(word: str) -> list[str]:
    """All texts that are kept anywhere and hold a word, except the word itself."""
    gc.collect()
    # What was there when the tests were collected is left out of all collections: the modules lead to it.
    waiting: list[object] = [sys.modules, *gc.get_objects()]
    seen = set(map(id, waiting))
    own = sys._getframe()  # noqa: SLF001 - no public name shows it
    found = []
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, str):
            if word in thing and thing != word:
                found.append(thing)
            continue
        if thing is own or isinstance(thing, FrameType):
            continue
        for each in gc.get_referents(thing):
            if id(each) not in seen:
                seen.add(id(each))
                waiting.append(each)
    return found
