"""The learner's own folder: copies of the course's notebooks, of which nothing is ever lost."""
