"""Convolutional networks from LeNet-5 to ResNeXt, drawn, measured and tested from their own code.

Importing this package is cheap: torch and all else is imported when a name that needs it is first used.
"""

from importlib import import_module

_HOME = {
    "check": "cnncourse.course",
    "classify": "cnncourse.weights.classify",
    "predict": "cnncourse.course",
    "predicted": "cnncourse.course",
    "progress": "cnncourse.course",
    "quiz": "cnncourse.course",
    "draw": "cnncourse.drawing",
    "draw_side_by_side": "cnncourse.drawing",
    "explore": "cnncourse.drawing",
    "load_pretrained": "cnncourse.weights.pretrained",
    "data": "cnncourse.data",
    "measure": "cnncourse.measure",
    "training": "cnncourse.training",
}
_PACKAGES = {"data", "measure", "training"}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_HOME[name])
    return module if name in _PACKAGES else getattr(module, name)


def __dir__() -> list[str]:
    return __all__
