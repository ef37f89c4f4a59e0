"""The magics `%%origami` and `%origami`: what the package does, without Python. They use its public names only."""
