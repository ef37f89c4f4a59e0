"""Which application shows the notebook, and what its cells and outputs are. The only code that asks IPython."""
