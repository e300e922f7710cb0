"""The toy chapter's prediction and its quiz."""

from cnncourse.learner import Prediction, Question

PREDICTIONS = (Prediction(name="size", text="How many parameters has ToyNet?", unit="parameters"),)
QUESTIONS = (
    Question(
        name="new",
        text="What is new in ToyNet?",
        options=("Nothing", "Everything"),
        right=0,
        because="Its units are those of 2015.",
    ),
)
