"""Chapter 2's exercise: dropout as the paper has it, the parameter ledger with its towers, and a top to be mended."""

from cnncourse.architectures.alexnet.exercise.dropout import DROPOUT
from cnncourse.architectures.alexnet.exercise.ledger import LEDGER
from cnncourse.architectures.alexnet.exercise.top import TOP
from cnncourse.checking import Exercise

EXERCISE = Exercise(
    name="02-alexnet",
    title="Dropout, the parameter ledger, and a top that cannot make up its mind",
    parts=(DROPOUT, LEDGER, TOP),
)
