"""Chapter 5's predictions and its quiz."""

PREDICTIONS = ()
QUESTIONS = ()
