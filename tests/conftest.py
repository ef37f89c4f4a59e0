"""What all tests have in common."""

import gc


def pytest_collection_finish():
    """Leave modules and collected tests out of every collection of garbage: many tests ask for one, to see what stays."""
    gc.collect()
    gc.freeze()
