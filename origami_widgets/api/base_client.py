"""What both clients are made of: settings that were checked, and the verbs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.key_sources import key_at_hand
from origami_widgets.api.operations import Operations
from origami_widgets.api.pasted_key import notice
from origami_widgets.api.settings import settings_from

if TYPE_CHECKING:
    import httpx

    from origami_widgets.api.secret import Secret


class BaseClient:
    """One key, base URL and project; see `Client` for the arguments.

    Attributes:
        operations: the verbs as coroutines, for the background loop.
    """

    def __init__(
        self,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        project: str | None = None,
        timeout: float = 30.0,
        *,
        _transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        key = key_at_hand(api_key)
        # Not even the variables of a traceback's frames may show it.
        del api_key
        # A client of an embedded API needs no key of anybody.
        self._settings = settings_from(key, base_url, project, timeout, elsewhere=_transport is None)
        self.operations = Operations(self._settings, _transport)
        notice(self._settings.key)

    def __repr__(self) -> str:
        # Debuggers also show what could not be made.
        return f"<{type(self).__name__} {getattr(self, '_settings', 'without settings')}>"
