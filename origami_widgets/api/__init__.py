"""The remote API: one core, two thin clients, typed objects and errors."""
