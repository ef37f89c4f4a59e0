"""The host: which application shows the notebook, its cells and outputs, and the Python below. Only this asks IPython."""
