"""The public names, their signatures, the members of public classes and the columns of the frames, as they were promised.

`python -m tests.test_public_interface` writes the list anew: for what was added on purpose. What goes away or changes its
meaning breaks the notebooks of others.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import origami_widgets as ow
from origami_widgets.api.errors import OrigamiError
from tests.fixtures.make_frames import FRAMES

LIST = Path(__file__).parent / "fixtures" / "public_interface.json"
RENEW = "If this was changed on purpose, `python -m tests.test_public_interface` writes the list anew. Read the diff."


def signature_of(function: Any) -> str:
    """The parameters without their types, and the type that is returned."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        return "that of its built-in base"
    parameters = [each.replace(annotation=inspect.Parameter.empty) for each in signature.parameters.values()]
    return str(signature.replace(parameters=parameters))


def members_of(cls: type) -> dict[str, str]:
    """The public members that classes of this package define, properties as `property`."""
    found: dict[str, str] = {}
    for home in reversed(cls.__mro__):
        if not home.__module__.startswith("origami_widgets"):
            continue
        fields = {} if issubclass(cls, BaseException) else getattr(home, "__annotations__", {})
        for name, value in [*((name, None) for name in fields), *vars(home).items()]:
            if name.startswith("_"):
                continue
            plain = value.__func__ if isinstance(value, classmethod | staticmethod) else getattr(cls, name, None)
            found[name] = signature_of(plain) if inspect.isfunction(plain) else "property"
    return dict(sorted(found.items()))


def interface() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in sorted(ow.__all__):
        value = getattr(ow, name)
        if inspect.isclass(value):
            found[name] = {"call": signature_of(value), "members": members_of(value)}
        elif inspect.ismodule(value):
            found[name] = {"members": {each: signature_of(getattr(value, each)) for each in sorted(value.__all__)}}
        elif callable(value):
            found[name] = {"call": signature_of(value)}
    for maker in (*FRAMES, ow.describe_leads):
        frame = maker([])
        found[maker.__name__]["columns"] = {column: str(dtype) for column, dtype in frame.dtypes.items()}
    errors: list[type] = [OrigamiError]
    for each in errors:
        errors += each.__subclasses__()
    found["errors"] = sorted(each.__name__ for each in errors if each.__module__.startswith("origami_widgets"))
    return found


def test_the_public_interface_is_the_one_that_was_promised():
    promised = json.loads(LIST.read_text(encoding="utf-8"))
    found = json.loads(json.dumps(interface()))
    assert set(promised.pop("errors")) <= set(found.pop("errors")), RENEW
    assert sorted(found) == sorted(promised), RENEW
    for name in promised:
        assert found[name] == promised[name], f"{name}: {RENEW}"


if __name__ == "__main__":
    LIST.write_text(json.dumps(interface(), indent=1) + "\n", encoding="utf-8")
