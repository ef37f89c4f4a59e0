"""The magics `%%origami` and `%origami`: the package without Python. They call its public functions."""
