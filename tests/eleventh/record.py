"""The toy chapter's line in the catalogue."""

from cnncourse.architectures.catalogue import Architecture, Inheritance, Reported

RECORD = Architecture(
    chapter="11-toy-net",
    slug="toy-net",
    module="toy_net",
    title="ToyNet",
    class_name="ToyNet",
    published="2018-01-01",
    authors="N. Obody",
    venue="Nowhere 2018",
    paper="A toy network",
    input_shape=(3, 32, 32),
    what_is_new="nothing at all",
    improves_on="ResNeXt, which is larger",
    reported=Reported(90.0, "error on nothing"),
    inherits=(Inheritance("resnext-50", "convolutions"),),
)
