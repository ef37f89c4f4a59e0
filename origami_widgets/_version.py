"""The package's version, in its own module so that others need not import the whole package."""

__version__ = "0.1.0"
