"""Every experiment of the course, found where it is defined."""

from importlib import import_module
from pathlib import Path

from cnncourse.architectures.catalogue import CATALOGUE
from cnncourse.experiments import Experiment


def experiments(chapter: str | None = None) -> dict[str, Experiment]:
    """Return the experiments of a chapter, or of all, by the module below this package and the name that they have.

    Args:
        chapter: the module of an architecture, such as "resnet50".

    """
    found = {}
    for record in CATALOGUE:
        if chapter not in (None, record.module):
            continue
        for path in sorted((Path(__file__).parent / record.module).glob("*.py")):
            if "cnncourse.experiments import" in path.read_text(encoding="utf-8"):
                module = import_module(f"cnncourse.architectures.{record.module}.{path.stem}")
                for name, value in vars(module).items():
                    if isinstance(value, Experiment):
                        found[f"{record.module}.{path.stem}.{name}"] = value
    return found
