"""The card as static HTML, for saved notebooks, exports and pages without a kernel."""

from origami_widgets.card.html.page import render_html

__all__ = ["render_html"]
