"""The networks of the course: a catalogue, and a package for each."""

from importlib import import_module

from cnncourse.architectures.catalogue import CATALOGUE, Architecture, architecture, reading_order

__all__ = ["CATALOGUE", "Architecture", "architecture", "reading_order", *(record.class_name for record in CATALOGUE)]


def __getattr__(name: str) -> object:
    """Import a network's class when it is first asked for, so that the catalogue itself needs no torch."""
    for record in CATALOGUE:
        if name == record.class_name:
            return getattr(import_module(f"cnncourse.architectures.{record.module}.model"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
