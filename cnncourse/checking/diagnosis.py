"""What the notes themselves prove about a mistake that no misconception of the exercise explains.

Each rule follows from what agrees with the reference and what does not, so it holds for every exercise.
"""

from collections.abc import Collection, Iterable

from cnncourse.checking.comparing import Notes, agree
from cnncourse.checking.examination import Note
from cnncourse.checking.subject import BORN_IN_EVALUATION, EARLIER, TRAIN
from cnncourse.checking.uses import LEFT_ALONE, THE_GRADIENT, USED

WHY = "why: "  # how the names of notes begin that are no fault, and say where one comes from
CUT = (
    "a way is cut off from the gradient, by detach, torch.no_grad, .data or .item(): a module must let the gradient "
    "through every way on which the paper's does"
)
SHARED = "layers that should have weights of their own share them: one layer is used in several places"
TIED = "layers that should have weights of their own share them: one parameter belongs to several layers"
UNTRAINED = "parameters that should be trained are not: requires_grad is False"
UNUSED = "a layer is made and not used, or the gradient does not come back to it"
HIDDEN = (
    "PyTorch does not know all of its layers: they are kept in a plain list or dictionary, or made anew in forward; "
    "nn.ModuleList and nn.Sequential register what they are given"
)
ONE_IMAGE = "a batch of one loses its first dimension: squeeze() takes away every dimension of size 1"
OTHERS = "in evaluation, what comes out for an image depends on the others of its batch"
NO_AVERAGES = (
    "it keeps no running averages, so evaluation does not know the data: batch normalisation with "
    "track_running_stats=False, and other normalisations, keep none"
)
FROZEN = "the running averages never move in training, so evaluation knows nothing of the data"
GRAPH = "the running averages hold on to the graph: update them under torch.no_grad(), or from detached values"
CHANCE = "something is left to chance, as by dropout, where the text asks for nothing of the kind"
CHANCE_IN_EVALUATION = "something is left to chance in evaluation, as by a dropout that is still active there"
SPOILS = "forward changes the tensor that it is given, by +=, .data or an operation whose name ends with an underscore"
NEW_PARAMETERS = "forward makes new parameters, which no optimiser knows: make them once, in __init__"
TOGETHER = "two of them are not independent: something belongs to the class, or to the notebook, and not to the object"
RETURNS = "train() gives back something else than the module: end your own with return self, as nn.Module's does"
BEGINS = "the module begins in evaluation, or a part of it: modules begin in training, until somebody calls eval()"
OVERWRITES = "what a call gave back is overwritten by the next: make a new tensor each time"
MODE = "forward switches the module to training or to evaluation itself"
REMEMBERS = "it remembers something from one call to the next"
UNREGISTERED = (
    "what it keeps from batch to batch is no buffer: register_buffer makes one, which is saved with the module and not "
    "trained"
)
KEPT = "something is worked out from the weights once and kept, so that later weights do not count"
UNSAVED = (
    "not all that it has learned is saved: parameters and buffers must be registered, under the same names each time"
)
UNCOPIED = "it cannot be copied: it holds on to a graph, or to something outside of itself"
EVALUATION = "training is right and evaluation is not: look at what depends on self.training, and at running averages"
OWN_WEIGHTS = (
    "it is right as long as all weights are alike, and not with others: look for an activation or a pooling too many, "
    "too few or of another kind, for steps in another order, and for weights that are summed up, shared or used in "
    "another place"
)
STARTS = "all else is right, but the starting values are not"


def can_say_why(got: Notes) -> bool:
    """Whether an answer can be asked where its faults come from: a module, examined to its end in double precision."""
    return {"shape", "left alone"} <= got.keys() and not {"single precision", "ended"} & got.keys()


def reasons(notes: Iterable[Note]) -> dict[str, object]:
    """Return the notes that say where a fault comes from; how taking them ended is no fault."""
    return {name: value for name, value in notes if name.startswith(WHY)}


def proven(got: Notes, expected: Notes, differing: Collection[str]) -> str:
    """Return what the notes prove, "" if nothing.

    Args:
        got: the answer's notes on a case.
        expected: the reference's.
        differing: names of the notes that differ.

    """
    if "ended" in got or "left alone" not in expected:
        return ""
    right = {name for name in expected if name not in differing}
    disturbed = _disturbed(got, expected)
    if "input" in disturbed:
        return SPOILS
    if "parameters that an optimiser knows" in disturbed:
        return NEW_PARAMETERS
    if "mode" in disturbed:
        return MODE
    if TRAIN in disturbed:
        return RETURNS
    if BORN_IN_EVALUATION in disturbed:
        return BEGINS
    if EARLIER in disturbed:
        return OVERWRITES
    if "arguments" in disturbed:
        return "it changes the arguments that it is given: work on a copy of them"
    if disturbed:
        return CHANCE_IN_EVALUATION if disturbed == ["random numbers in evaluation"] else CHANCE
    if "shape" not in expected:  # a function of plain data
        return REMEMBERS if all(name in right for name in expected if name.startswith("result")) else ""
    if "shape" not in right:
        return ""
    never, several = (f"why: layers that {each}" for each in ("never run", "run several times"))
    if "parameters" not in right:
        fewer = got["parameters"] < expected["parameters"]
        if fewer and expected.get("saved", False) and not got.get("saved", True):
            return HIDDEN
        if fewer and _more(got, expected, several):
            return SHARED
        if fewer and _more(got, expected, "why: parameters of several layers"):
            return TIED
        untrained = "why: numbers that no training moves"
        if fewer and expected["parameters"] - got["parameters"] == got.get(untrained, 0) - expected.get(untrained, 0):
            return UNTRAINED
        return (
            UNUSED if not fewer and got["parameters that no gradient reaches"] and _more(got, expected, never) else ""
        )
    if got.get("why: true gradients", True) < expected.get("why: true gradients", True) and _is_gradient_alone(
        differing, right
    ):
        return CUT
    if _more(got, expected, never) and _more(got, expected, "parameters that no gradient reaches"):
        return UNUSED
    if got["averages"] != expected["averages"]:
        if got["averages"] == "stay" and not got.get("why: running averages", True):
            return NO_AVERAGES
        return {"stay": FROZEN, "hold on to the graph": GRAPH}.get(got["averages"], "")
    if "alike: output" not in right:
        return UNUSED if "parameters that no gradient reaches" in differing else ""
    return _proven_in_evaluation(got, expected, differing, right)


def _disturbed(got: Notes, expected: Notes) -> list[str]:
    """Return what the runs of a case changed that is not theirs, in usual uses and in unusual ones."""
    notes = [name for name in expected if name.startswith(LEFT_ALONE)]
    pairs = [(got.get(name, []), expected[name]) for name in notes]
    uses = [name for name, its in expected.items() if name.startswith(USED) and "raised" not in its]
    pairs += [(got.get(name, {}).get(LEFT_ALONE, []), expected[name][LEFT_ALONE]) for name in uses]
    return list(dict.fromkeys(each for ones, others in pairs for each in ones if each not in others))


def _is_gradient_alone(differing: Collection[str], right: Collection[str]) -> bool:
    """Whether somewhere a gradient is wrong, and what comes out there is right."""
    outputs = {
        "alike": "alike: output",
        "alike, evaluation": "alike: evaluation",
        "drawn 1": "drawn 1: output",
        "drawn 2": "drawn 2: output",
        "drawn, evaluation": "drawn: evaluation",
    }
    wrong = {name.partition(": ")[0] for name in differing if ": gradient" in name}
    return any(outputs.get(each) in right for each in wrong) or (
        "parameters that no gradient reaches" in differing and "alike: output" in right
    )


def _is_cut_in_use(name: str, got: Notes, expected: Notes) -> bool:
    """Whether in an unusual use the gradient alone is wrong: it is not that of what comes out, which is right."""
    return got.get(THE_GRADIENT) is False and agree(name, {**got, THE_GRADIENT: True}, expected)


def _more(got: Notes, expected: Notes, name: str) -> bool:
    return got.get(name, 0) > expected.get(name, 0)


def _proven_in_evaluation(got: Notes, expected: Notes, differing: Collection[str], right: Collection[str]) -> str:
    alone, its = got.get("alike: a batch of one"), expected.get("alike: a batch of one")
    if alone is not None and any(one.dim() < other.dim() for one, other in zip(alone, its, strict=False)):
        return ONE_IMAGE
    if got.get("why: remembers"):
        return UNREGISTERED if _more(expected, got, "why: running averages") else REMEMBERS
    if "alike: alone as among others" in differing:
        return OTHERS
    drawn_in_training = [name for name in expected if name.startswith(("drawn 1", "drawn 2"))]
    in_training = ["alike: output", "alike: gradient of the input", *drawn_in_training]
    training_is_right = (
        all(name in right for name in in_training) and "drawn: training of another batch" not in differing
    )
    if "alike: evaluation" in differing:
        return EVALUATION if training_is_right else ""
    if "chance: unreached" in differing or ("chance: log gradient" in differing and "chance: log spread" in right):
        return CUT
    if "beside another" in differing:
        return TOGETHER
    if "copied" in differing:
        return UNCOPIED
    if "saved" in differing:
        return UNSAVED
    if not training_is_right:
        return OWN_WEIGHTS if "alike: gradient of the input" in right else ""
    if "drawn: evaluation again" in differing:
        return REMEMBERS
    if "drawn: evaluation with larger weights" in differing and "drawn: evaluation" in right:
        return KEPT
    if "starting values" in differing:
        return STARTS
    missing = [name.rpartition(": ")[2] for name in differing if name in expected and got.get(name) is None]
    if missing:
        return f"your module has no method {missing[0]}"
    if any(_is_cut_in_use(name, got.get(name, {}), expected[name]) for name in differing if name.startswith(USED)):
        return CUT
    of_evaluation = ("drawn: evaluation", "drawn: a batch of one", "drawn: alone", "drawn, evaluation")
    return EVALUATION if any(name.startswith(of_evaluation) for name in differing) else ""
