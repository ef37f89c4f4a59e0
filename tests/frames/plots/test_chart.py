"""Notebook output of a plot, and how users can change it."""

import base64
import copy
import io
import json
import sys
from types import ModuleType

import pytest
from PIL import Image

from origami_widgets.api.errors import InvalidInput
from tests.frames.payloads import payload
from tests.frames.plots.drawn import MIME, PLOTS, SOURCES, funnel, shown, texts, watched, written


def picture_of(chart):
    return Image.open(io.BytesIO(base64.b64decode(shown(chart)[0]["image/png"])))


@pytest.mark.sweep
@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_a_notebook_gets_the_chart_a_picture_and_a_sentence(plot):
    data, metadata = shown(watched(plot))
    assert set(data) == {MIME, "image/png", "text/plain"}
    spec = data[MIME]
    assert spec["$schema"] == "https://vega.github.io/schema/vega-lite/v5.json"
    assert data["text/plain"] == spec["description"] == metadata["image/png"]["alt"]
    assert "\n" not in data["text/plain"]
    image = picture_of(watched(plot))
    assert image.size == (2 * metadata["image/png"]["width"], 2 * metadata["image/png"]["height"])
    assert len(data["image/png"]) < 150_000
    json.dumps(data)


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_the_picture_is_black_on_white(plot):
    image = picture_of(watched(plot)).convert("RGBA")
    colours = {colour: number for number, colour in image.getcolors(1_000_000)}
    assert max(colours, key=colours.get) == (255, 255, 255, 255)
    assert colours[0, 0, 0, 255] > 300, "text"
    assert {colour[3] for colour in colours} == {255}


def test_the_background_is_transparent_and_texts_take_the_pages_colour():
    config = funnel(payload()).to_dict()["config"]
    assert config["background"] == "transparent"
    assert {config[part]["color"] for part in ("title", "text")} == {"currentColor"}
    assert config["axis"]["labelColor"] == config["legend"]["labelColor"] == "currentColor"


@pytest.mark.sweep
@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_a_restyled_plot_keeps_its_class_and_the_rest_of_its_theme(plot):
    chart, before = plot(SOURCES["watched"]), written(watched(plot))
    changed = chart.properties(title="Mine").configure_axis(labelFontSize=20).configure_view(stroke="red").copy()
    assert type(copy.deepcopy(changed)) is type(changed) is type(chart)
    config = shown(changed)[0][MIME]["config"]
    assert config["axis"]["labelFontSize"] == 20
    assert config["axis"]["labelColor"] == "currentColor"
    assert config["view"]["stroke"] == "red"
    assert "Mine" in texts(changed)
    assert chart.to_dict() == before, "the first one is as it was"


def test_a_background_that_the_user_chose_is_kept():
    assert picture_of(funnel(payload()).properties(background="#102030")).getpixel((2, 2))[:3] == (16, 32, 48)
    assert picture_of(funnel(payload()).configure(background="#102030")).getpixel((2, 2))[:3] == (16, 32, 48)


def test_colab_gets_html(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
    assert "text/html" in funnel(payload())._repr_mimebundle_()


def test_without_the_library_for_pictures_the_chart_is_shown(monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    data, metadata = shown(funnel(payload()))
    assert set(data) == {MIME, "text/plain"}
    assert metadata == {}


@pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)
def test_without_altair_the_error_says_what_to_install(plot, monkeypatch):
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(InvalidInput, match="Altair isn't installed") as caught:
        plot(payload())
    assert "pip install 'origami-widgets[plots]'" in caught.value.remedy
