"""The magics `%%origami` and `%origami`: use the package without Python code. They call its public functions."""
