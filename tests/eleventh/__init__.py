"""A toy eleventh chapter: all that the instructor's guide asks of whoever adds one."""
