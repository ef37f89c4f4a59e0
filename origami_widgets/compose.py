"""What joins floors that know nothing of each other: runs and the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from origami_widgets.run.settings import configure

if TYPE_CHECKING:
    from origami_widgets.sandbox import Sandbox


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
