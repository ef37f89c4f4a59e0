"""Numbers, ages and text from outside as words. Pure, and imports nothing of ours."""
