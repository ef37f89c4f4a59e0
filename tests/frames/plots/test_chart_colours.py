"""Contrast of the colours with each page, and their difference for each kind of colour vision."""

import pytest

from origami_widgets.frames.plots import kinds

PAGES = {"white": "#ffffff", "JupyterLab dark": "#111111", "Colab dark": "#383838"}
COLOURS = {kinds.LEADS, kinds.LOSS}
# Machado, Oliveira and Fernandes (2009), for linear light.
VISION = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
LEAST_DISTANCE = 15
"""CIE 1976: about seven times the least difference that people notice."""


def linear(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(colour):
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def lab(light):
    red, green, blue = (min(1, max(0, part)) for part in light)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one, other, vision):
    seen = [[sum(w * c for w, c in zip(row, linear(each), strict=True)) for row in vision] for each in (one, other)]
    return sum((a - b) ** 2 for a, b in zip(*map(lab, seen), strict=True)) ** 0.5


def test_contrast_is_computed_as_the_standard_says():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("colour", sorted(COLOURS))
def test_marks_stand_out_from_every_page(colour, page):
    assert contrast(colour, page) >= 3


@pytest.mark.parametrize("vision", VISION.values(), ids=VISION)
def test_leads_and_losses_differ_in_every_colour_vision(vision):
    assert distance(kinds.LEADS, kinds.LOSS, vision) >= LEAST_DISTANCE
