"""Handles on runs: what is known of them, when they are asked, and what can be done with them."""
