"""Top of the package: the only module that knows and connects handles, cards and frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from origami_widgets.api.default_client import set_default_client
from origami_widgets.card.widgets.display import CardBackend
from origami_widgets.run.display_backend import set_display_backend
from origami_widgets.run.handle import Run
from origami_widgets.run.login import account, account_async, login, login_async
from origami_widgets.run.settings import client_or_default, configure
from origami_widgets.run.start import attach, attach_async, start, start_async, start_many

if TYPE_CHECKING:
    from typing import Any

    import pandas as pd

    from origami_widgets.run.display_backend import DtypeBackend
    from origami_widgets.sandbox import Sandbox

__all__ = [
    "Run",
    "account",
    "account_async",
    "attach",
    "attach_async",
    "configure",
    "login",
    "login_async",
    "start",
    "start_async",
    "start_many",
    "use_sandbox",
]


class NotebookBackend(CardBackend):
    """Display backend of the package: runs as cards, batches as boards, a run's history as a DataFrame."""

    def history_frame(self, run: Run, dtype_backend: DtypeBackend) -> pd.DataFrame:
        """Return the run's history as a DataFrame."""
        # Imported here, as a script that starts runs needs no pandas.
        from origami_widgets.frames import history_frame

        return history_frame(run, dtype_backend=dtype_backend)


def use_sandbox(speed: float = 20, **options: Any) -> Sandbox:
    """Use a new sandbox for all calls without `client=`: no account, no credits, no network.

    The same as `configure(client=Sandbox(speed=speed, **options))`. Call `configure()` to go back to your account.
    Sends nothing and costs nothing.

    Args:
        speed: simulated seconds per second; at 20, a run that takes 96 seconds takes about 5.
        options: further arguments of `Sandbox`, for example `plan="starter"` or `seed=1`.

    Returns:
        The sandbox. Its `client()` returns a client for code that needs one.

    Raises:
        InvalidInput: an argument is not a number, out of range or unknown.
        ImportError: the extra `sandbox` is not installed.

    Example:
        >>> import origami_widgets as ow
        >>> ow.use_sandbox(speed=600, plan="starter")
        Sandbox(seed=0, speed=600, plan='starter')
        >>> ow.start("Find 12 bakers in Porto", show=False).wait().status
        'completed'
    """
    # Imported here, as it needs the extra `sandbox`.
    from origami_widgets.sandbox import Sandbox

    sandbox = Sandbox(speed=speed, **options)
    configure(client=sandbox)
    return sandbox


set_display_backend(NotebookBackend())
set_default_client(lambda: client_or_default(None))
