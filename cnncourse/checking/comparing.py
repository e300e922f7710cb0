"""Compare what an answer does with what the reference does, and say the first difference in plain words."""

from collections.abc import Iterator, Mapping
from itertools import chain, islice

import torch
from torch import Tensor

from cnncourse.checking.exercise import Fault, Question
from cnncourse.checking.pictures import maps_picture
from cnncourse.checking.plain import CANCELLED, GRADIENTS, IN_SINGLE_PRECISION, OUTPUTS, Plain, differing, flat, same
from cnncourse.checking.uses import LEFT_ALONE, USED
from cnncourse.checking.wording import differing_parts, differing_text, shape_text, values_text

Notes = Mapping[str, Plain]

# Differences allowed in what is left to chance; each is several times what the number of runs leaves open.
CHANCE = {
    "chance: mean": 0.08,
    "chance: log spread": 0.15,
    "chance: together": 0.25,
    "chance: zeros": 0.03,
    "chance: zeros together": 0.2,
    "chance: as many zeros": 0.5,
    "chance: linked": 0.25,
    "chance: unlike": 0.06,  # outputs of one copy may all differ together
    "chance: alone": 0.5,
    "chance: unreached": 0.5,
    "chance: log gradient": 0.15,
    "chance: gradient": 0.03,
}
# What a learner is told if a note differs, in place of its name.
SAID = {
    "parameters": "the number of trainable parameters is wrong",
    "parameters that move": "the number of parameters that training moves is wrong",
    "parameters that no gradient reaches": "some of its parameters have no share in what comes out",
    "averages": "in training, the running averages do not do what they should",
    "beside another": "it does something else as soon as another one has been made",
    "copied": "a copy made by copy.deepcopy does not do the same",
    "saved": "a new module does not do the same when it is given what state_dict() has saved",
    LEFT_ALONE: "it changes what is not its own",
    "starting values": "not all parameters begin with the values that the text names",
    "chance: mean": "in training, what comes out on average is wrong, over many runs",
    "chance: log spread": "in training, what comes out spreads too little or too much, over many runs",
    "chance: together": "in training, the outputs for a picture do not vary independently of each other",
    "chance: zeros": "in training, the share of zeros is wrong",
    "chance: zeros together": "in training, the zeros for a picture do not fall independently of each other",
    "chance: as many zeros": "in training, it is not left to chance how many zeros there are",
    "chance: linked": "in training, the coins of a call, or of two calls, are not independent of each other",
    "chance: unlike": "in training, two calls do not differ as they should",
    "chance: alone": "in training, nothing is left to chance for a batch of one image",
    "chance: unreached": "in training, some of its parameters have no share in what comes out",
    "chance: log gradient": "in training, the gradient that reaches its input is wrong",
    "chance: gradient": "in training, the gradient does not go the way that the values go",
    "result": "the result is wrong",
    "again": "with other calls between, the same arguments give something else, or what was given back has changed",
}
# The same for notes of one kind, by what their names end with; the beginning says with which weights.
SAID_OF_KIND = {
    "training of another batch": "in training, what comes out for a second batch is wrong",
    "evaluation of another batch": "in evaluation, what comes out for a second batch is wrong",
    "evaluation again": "the same images, given again, give something else",
    "evaluation with larger weights": "when its weights change, what comes out in evaluation does not follow",
    "a batch of one": "in evaluation, what comes out for a batch of one image is wrong",
    "alone as among others": "in evaluation, what comes out for an image depends on the others of its batch",
    "gradient of the input": "the gradient that reaches its input is wrong",
    "gradients of the parameters": "the gradients of its parameters are wrong",
    "evaluation": "in evaluation, what comes out is wrong",
    "output": "in training, what comes out is wrong",
}
WITH = {"alike": "with weights that are all alike", "drawn": "with weights drawn at random"}
MOST_PIXELS = 4  # of a map that is drawn, each way


def agree(name: str, got: Plain, expected: Plain, *, single_precision: bool = False) -> bool:
    """Whether two notes of one name say the same, but for rounding."""
    try:
        return _agree(name, got, expected, single_precision=single_precision)
    except (AttributeError, KeyError, TypeError, RuntimeError):  # a note of a kind that no examination gives
        return False


def _agree(name: str, got: Plain, expected: Plain, *, single_precision: bool) -> bool:
    if name == "ended":
        return _ending(got) == _ending(expected)
    if name.startswith(USED):  # what the reference cannot do is not asked for
        return "raised" in expected or (
            got.keys() == expected.keys()
            and all(_agree(what, got[what], its, single_precision=single_precision) for what, its in expected.items())
        )
    if name in CHANCE:
        if got.shape != expected.shape:
            return False
        allowed = torch.tensor(CHANCE[name])
        if name == "chance: mean":  # known as well as the wider of the two spreads lets it be; of one run there is none
            (got, scale), (expected, its) = got, expected
            allowed = allowed * torch.maximum(scale.nan_to_num(), its.nan_to_num(torch.inf))
        return bool(((got - expected).abs().le(allowed) | (got.isnan() & expected.isnan())).all())
    if "gradient" in name:
        got, expected = _without_rests(got), _without_rests(expected)
    relative, absolute = IN_SINGLE_PRECISION if single_precision else GRADIENTS if "gradient" in name else OUTPUTS
    return same(got, expected, relative, absolute)


def _without_rests(note: Plain) -> Plain:
    """Return gradients with zeros for those of which rounding alone has left something."""
    if isinstance(note, Tensor):
        return torch.zeros_like(note) if bool((note.abs() < CANCELLED).all()) else note
    return [_without_rests(each) for each in note] if isinstance(note, list) else note


def differences(got: Notes, expected: Notes, left_open: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the names of the notes that differ, in the order in which they were taken.

    Args:
        got: of the answer.
        expected: of the reference, which may be taken only when they are asked for.
        left_open: names of the notes that do not matter.

    """
    single = "single precision" in got
    # The reference is run no further than the answer came, or agrees with it.
    for number, name in enumerate(chain(got, (name for name in expected if name not in got))):
        # A column of its own in a table does no harm.
        of_its_own = name.startswith("result: ") and name not in expected
        if name == "single precision" or name in left_open or of_its_own:
            continue
        if (
            name not in got
            or (name == "ended" and next(islice(expected, number, None), name) != name)
            or name not in expected
            or not agree(name, got[name], expected[name], single_precision=single)
        ):
            yield name


def _ending(note: Plain) -> Plain:
    """Return what two endings have in common if they are the same: not the line, which is each one's own."""
    if "raised" in note:
        return [note["raised"]["type"], note["raised"]["text"]]
    return note["refused"]["message"]


def _told_of_use(question: Question, name: str, got: Plain, expected: Plain, misconception: str) -> Fault:
    """Say what is wrong with an unusual use."""
    if "raised" in got:
        return Fault(f"{question.call}: {name}, it raises {got['raised']}", "no error", got["raised"], misconception)
    what = next((what for what, its in expected.items() if not agree(what, got.get(what), its)), "what comes out")
    return Fault(f"{question.call}: {name}, {SAID.get(what, f'{what} is wrong')}", misconception=misconception)


def told(name: str, question: Question, got: Notes, expected: Notes, misconception: str = "") -> Fault:
    """Say how a note differs.

    Args:
        name: of the note.
        question: that was put to the answer.
        got: the answer's notes.
        expected: the reference's.
        misconception: what is behind it, "" if that is not known.

    """
    call = question.call
    if name not in got:
        return Fault(f"{call}: it did not come so far", misconception=misconception, hints=())
    value, its = got[name], expected.get(name)
    if name == "shape":
        return Fault(f"{call}: the output has the wrong shape", _shapes(its), _shapes(value), misconception)
    if name.startswith(LEFT_ALONE) and name in expected:
        extra = [each for each in value if each not in (its or [])]
        return Fault(f"{call}: {SAID[LEFT_ALONE]}", "", ", ".join(extra or value), misconception)
    if name == "parameters that no gradient reaches" and isinstance(value, int):
        return Fault(f"{call}: {SAID[name]}", f"{its} parameters without a gradient", f"{value}", misconception)
    if name.startswith(USED):
        return _told_of_use(question, name, value, its, misconception)
    beginning, _, kind = name.rpartition(": ")
    if beginning == "result" and name in expected:
        return Fault(f"{call}: in the result, {kind!r} is wrong", *_texts(value, its), misconception)
    # A name that the reference's notes have not is the answer's own word.
    other = f"what {kind} gives is wrong" if name in expected else "it does what was not asked for"
    said = SAID.get(name) or SAID_OF_KIND.get(kind, other)
    if question.chance and kind == "output":
        said = SAID_OF_KIND["evaluation"]
    if ", evaluation" in beginning:
        said = f"in evaluation, {SAID_OF_KIND['evaluation'] if kind == 'output' else said}".replace(
            "in evaluation, in evaluation", "in evaluation"
        )
    how = next((words for start, words in WITH.items() if beginning.startswith(start)), "")
    message = f"{call}: {how + ', ' if how else ''}{said}"
    texts = _texts(value[0], its[0]) if name == "chance: mean" else _texts(value, its)
    return Fault(message, *texts, misconception, picture=_picture(value, its))


def _shapes(shapes: Plain) -> str:
    return " and ".join(shape_text(shape) or "a single number" for shape in shapes) if shapes else "nothing"


def _texts(got: Plain, expected: Plain) -> tuple[str, str]:
    """Return expected and got as texts, from the first place on in which they differ."""
    if isinstance(got, bool) or isinstance(expected, bool):
        return "", ""
    if isinstance(got, (int, str)) and isinstance(expected, (int, str)):
        return f"{expected:,}" if isinstance(expected, int) else expected, f"{got:,}" if isinstance(got, int) else got
    ones, others = flat(expected), flat(got)
    if not ones or len(ones) != len(others):
        return differing_parts(_written(expected), _written(got))
    for one, other in zip(ones, others, strict=True):
        if one.shape != other.shape:
            return (f"shape {shape_text(one.shape)}", f"shape {shape_text(other.shape)}")
        if not same(other, one):
            return differing_text(one, other)
    return values_text(ones[0]), values_text(others[0])


def _written(value: Plain) -> str:
    if value is None or (isinstance(value, list) and all(item is None for item in value)):
        return "none"
    if flat(value):
        return " and ".join(values_text(tensor) for tensor in flat(value)[:3])
    return repr(value)


def _picture(got: Plain, expected: Plain) -> str:
    """Draw the first map that differs, if maps are what came out."""
    for one, other in zip(flat(expected), flat(got), strict=False):
        if one.dim() != 4 or one.shape != other.shape or not one.is_floating_point():
            continue
        places = differing(other, one, *OUTPUTS).nonzero()
        if len(places):
            image, channel = places[0][:2].tolist()
            corners = (each[image, channel, :MOST_PIXELS, :MOST_PIXELS] for each in (one, other))
            return maps_picture(*(corner.to(torch.float32) for corner in corners))
    return ""
