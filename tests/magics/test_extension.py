"""What the extension imports, and how it shows errors."""

import pickle
import subprocess
import sys

from origami_widgets.magics import extension

LOADED = """
import sys
from origami_widgets import load_ipython_extension
print(*sys.modules)
"""


def test_loading_it_imports_neither_widgets_nor_frames():
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "origami_widgets.magics.extension" in loaded
    assert loaded.isdisjoint({"anywidget", "ipywidgets", "pandas", "numpy"})


def test_the_hooks_are_not_public_names():
    import origami_widgets as ow

    assert ow.load_ipython_extension is extension.load_ipython_extension
    assert ow.unload_ipython_extension is extension.unload_ipython_extension
    assert not {"load_ipython_extension", "unload_ipython_extension"} & {*ow.__all__, *dir(ow)}


def test_a_shortened_error_can_be_pickled():
    from origami_widgets.api.errors import OrigamiError

    error = OrigamiError("It failed", remedy="Try again.")
    error.add_note("The run goes on.")
    try:
        with extension.short_errors():
            raise error
    except OrigamiError as raised:
        shown = pickle.loads(pickle.dumps(raised))._render_traceback_()  # noqa: S301 - it was pickled here
    assert shown == ["OrigamiError: It failed\nTry again.\nThe run goes on."]
