"""What both clients are made of: settings that were checked, and the verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.operations import Operations
from origami_widgets.api.settings import find_key, settings_from

if TYPE_CHECKING:
    import httpx


class BaseClient:
    """One key, base URL and project; see `Client` for the arguments.

    Attributes:
        operations: the verbs as coroutines, for the background loop.
    """

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        project: str | None = None,
        timeout: float = 30.0,
        *,
        _transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        key = find_key(api_key)
        # Not even the variables of a traceback's frames may show it.
        del api_key
        self._settings = settings_from(key, base_url, project, timeout)
        self.operations = Operations(self._settings, _transport)

    def __repr__(self) -> str:
        # Debuggers also show what could not be made.
        return f"<{type(self).__name__} {getattr(self, '_settings', 'without settings')}>"
