"""The balance as rows: what is known of each reading, and what is not."""

import pandas as pd
import pytest

import origami_widgets as ow
from origami_widgets.api.errors import InvalidInput
from origami_widgets.api.usage import BalanceReading
from origami_widgets.frames.run_frames import frame_of_readings

T0 = 1_784_625_000
"""2026-07-21T09:10:00Z, on the kernel's clock and on the server's."""


def readings(*balances):
    return [BalanceReading(T0 + at * 20 + 0.25, balance) for at, balance in enumerate(balances)]


def test_a_change_is_known_between_two_balances():
    frame = frame_of_readings(readings(100, 92.5, None, 88, 138), "numpy_nullable")
    assert frame["time"][1] == pd.Timestamp(T0 + 20.25, unit="s", tz="UTC")
    assert frame["balance"].to_list() == [100, 92.5, pd.NA, 88, 138]
    assert frame["change"].to_list() == [pd.NA, -7.5, pd.NA, pd.NA, 50]


def test_what_cannot_be_read_is_said_before_anything_is_sent():
    client = ow.Sandbox().client()
    with pytest.raises(InvalidInput):
        ow.credits_frame(client=client, dtype_backend="polars")
    assert client.operations.balance_history.readings == ()
