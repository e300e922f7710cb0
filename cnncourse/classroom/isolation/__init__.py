"""Learners' code kept apart: a worker in a sandbox, and the line on which it is asked, in plain data only."""
