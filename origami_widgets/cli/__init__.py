"""The command `origami-widgets`: one module per command, each with `register`."""
