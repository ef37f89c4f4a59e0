"""The card: views of run states, their renderers and widgets."""
