"""The one background thread with its event loop, and how other threads wait for it."""
