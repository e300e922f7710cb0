"""What the learner is told of an answer that raised an error."""

from collections.abc import Collection
from dataclasses import dataclass

from cnncourse.checking.exercise import Fault
from cnncourse.checking.outcome import Status
from cnncourse.checking.raised import Raised

NOT_EXAMINED = "what your code returns cannot be examined"
CALL_IT = ("Call it yourself in a new cell, with the shapes of the text above: the full error shows the line.",)
# Parts of what torch says, and what is most often behind it.
SAID_BY_TORCH = {
    "channels, but got": "a convolution is given another number of maps than it was built for: the input channels of a "
    "layer are the output channels of the one before",
    "mat1 and mat2 shapes cannot be multiplied": "a fully connected layer is given another number of values than it "
    "was built for",
    "must match the size of tensor b": "two tensors of different shapes are added, multiplied or compared: print both "
    "shapes just before",
    "must match except in dimension 0": "maps are joined along the pictures; torch.cat(…, dim=1) joins them along the "
    "channels",
    "must match except in dimension 1": "maps that are to be joined differ in height or width, by stride or padding",
    "a leaf Variable that requires grad": "forward changes what it is given, by += or by an operation whose name ends "
    "with an underscore",
    "modified by an inplace operation": "forward changes a tensor that the gradient still needs, by += or by an "
    "operation whose name ends with an underscore",
    "backward through the graph a second time": "something that one call has worked out is kept, with its "
    "graph, and the next call uses it: work it out anew in each",
    "Module.__init__() call": "super().__init__() is missing, or not the first line of __init__",
    "has no attribute '_modules'": "super().__init__() is missing, or not the first line of __init__",
    "has no attribute '_parameters'": "super().__init__() is missing, or not the first line of __init__",
}


@dataclass(frozen=True)
class Ended:
    """An examination that did not get to its end.

    Attributes:
        status: failed or not attempted yet.
        fault: why, ``None`` if there is nothing to say.

    """

    status: Status
    fault: Fault | None = None


def ended_by(raised: Raised, names: Collection[str]) -> Ended:
    """Tell a stub, an answer that needs another part's stub, an error of the learner's, and one that only we meet.

    Args:
        raised: what was raised.
        names: what the answer is called.

    """
    if "is missing the required" in raised.text and raised.type == "NotImplementedError":
        return Ended(Status.FAILED, Fault("your module has no forward", expected="def forward(self, maps): …"))
    if raised.is_stub:
        needed = Fault(f"it needs {raised.owner}, which is not written yet", hints=())
        return Ended(Status.NOT_ATTEMPTED, None if raised.owner in names else needed)
    misconception = next((name for said, name in SAID_BY_TORCH.items() if said in raised.text), "")
    if not raised.line and not raised.owner:
        message = "your layers raise an error when they are run" if misconception else NOT_EXAMINED
        return Ended(Status.FAILED, Fault(message, got=str(raised), misconception=misconception, hints=CALL_IT))
    fault = Fault(
        "your code raises an error",
        expected="no error",
        got=str(raised),
        misconception=misconception,
        line=raised.line,
        hints=CALL_IT,
    )
    return Ended(Status.FAILED, fault)
