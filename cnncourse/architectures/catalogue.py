"""The course's networks, in order of publication. Whatever walks over the course walks over this list."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from cnncourse.checking import Exercise, Question


@dataclass(frozen=True)
class Architecture:
    """A network of the course.

    Attributes:
        number: of its chapter.
        slug: its name in files, for example "lenet-5".
        module: its package under ``cnncourse.architectures``.
        title: its name in prose.
        class_name: its class in ``model.py``.
        year: of publication.
        authors: as the paper lists them.
        venue: where it was published.
        paper: the paper's title.
        input_shape: one image: (channels, height, width).
        what_is_new: in a sentence.
        improves_on: what was there before.
        variants: names of the variants, which ``model.py`` defines and documents.

    """

    number: int
    slug: str
    module: str
    title: str
    class_name: str
    year: int
    authors: str
    venue: str
    paper: str
    input_shape: tuple[int, int, int]
    what_is_new: str
    improves_on: str
    variants: tuple[str, ...] = ()

    @property
    def chapter(self) -> str:
        """Name of the chapter's notebook and of its exercise's folder, for example "01-lenet-5"."""
        return f"{self.number:02}-{self.slug}"

    def build(self, *, variant: str | None = None, **options: object) -> "nn.Module":
        """Build the network.

        Args:
            variant: one of ``variants``; the network as published if left out.
            options: passed on to the class, such as ``num_classes``.

        Raises:
            LookupError: if there is no such variant.

        """
        if variant is not None and variant not in self.variants:
            known = ", ".join(self.variants) or "none"
            raise LookupError(f"{self.title} has no variant {variant!r}; its variants: {known}")
        model = self._load("model")
        build = getattr(model, self.class_name) if variant is None else model.VARIANTS[variant]
        return build(**options)

    def exercise(self) -> "Exercise":
        """Return the definition of the chapter's exercise."""
        return self._load("exercise").EXERCISE

    def questions(self) -> "tuple[Question, ...]":
        """Return the questions of the chapter's quiz."""
        return self._load("questions").QUESTIONS

    def _load(self, name: str) -> object:
        return import_module(f"cnncourse.architectures.{self.module}.{name}")


CATALOGUE: tuple[Architecture, ...] = (
    Architecture(
        number=1,
        slug="lenet-5",
        module="lenet5",
        title="LeNet-5",
        class_name="LeNet5",
        year=1998,
        authors="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner",
        venue="Proceedings of the IEEE 86(11)",
        paper="Gradient-based learning applied to document recognition",
        input_shape=(1, 32, 32),
        what_is_new="convolutions with shared weights, alternating with sub-sampling, trained as a whole",
        improves_on="hand-made features, and fully connected networks that must learn each position anew",
        variants=("modern",),
    ),
)


def architecture(slug: str) -> Architecture:
    """Return a network's record by its slug ("lenet-5") or by its chapter ("01-lenet-5").

    Raises:
        LookupError: if there is none; the message lists those that exist.

    """
    for record in CATALOGUE:
        if slug in (record.slug, record.chapter):
            return record
    raise LookupError(f"no architecture {slug!r}; the course has {', '.join(record.slug for record in CATALOGUE)}")
