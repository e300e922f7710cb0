"""A whole class: collecting answers, judging them in isolation, grades, feedback and what learners are handed."""
