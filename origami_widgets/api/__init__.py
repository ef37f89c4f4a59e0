"""The remote API: transport, operations, two clients, typed objects and errors."""
