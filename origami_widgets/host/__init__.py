"""The host: the application that shows the notebook, its cells and outputs, and the Python. Only this package asks IPython."""
