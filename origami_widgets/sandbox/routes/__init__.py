"""The endpoints, by path and method."""

from origami_widgets.sandbox.routes.directory import ROUTES

__all__ = ["ROUTES"]
