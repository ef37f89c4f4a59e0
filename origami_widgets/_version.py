"""The package's version; a module of its own, so that the parts that write it down need not import all of the package."""

__version__ = "0.1.0"
