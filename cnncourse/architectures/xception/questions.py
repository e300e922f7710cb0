"""Chapter 7's predictions and its quiz."""

from cnncourse.learner import Prediction, Question

PREDICTIONS = (
    Prediction(
        name="share-of-work",
        text="A 3×3 convolution of 728 maps to 728 maps, or a separable one in its place. How many of the ordinary "
        "one's multiply-adds does the separable one need?",
        unit="%",
    ),
    Prediction(
        name="through-relu",
        text="A map goes through ReLU, and a linear layer tries to recover the map from what is left. How much of its "
        "variance can it recover, if the map's values are normally distributed round zero?",
        options=(
            "About a quarter",
            "Half: the other half is cut off",
            "About three quarters",
            "All of it",
        ),
    ),
    Prediction(
        name="relu-between",
        text="Six separable convolutions, one behind the other, learn digits for 80 steps, without and with a ReLU "
        "between the depthwise and the pointwise step. What does that ReLU do to the training loss?",
        options=(
            "It lowers it: more non-linearity, more that can be learned",
            "Nothing that is larger than the spread over the seeds",
            "It raises it",
        ),
    ),
)

QUESTIONS = (
    Question(
        name="weights",
        text="A separable 3×3 convolution of 64 channels to 128 maps, without bias: how many weights?",
        options=("64 · 128 · 9 = 73,728", "64 · 9 + 64 · 128 = 8,768", "128 · 9 + 64 · 128 = 9,344", "64 · 9 = 576"),
        right=1,
        because="Nine for each of the 64 channels, then a 1×1 convolution. The first answer is the ordinary "
        "convolution, the third has 1×1 first, and the last forgets the pointwise step.",
    ),
    Question(
        name="two-kinds",
        text="What is the difference between chapter 5's separable kernels and depthwise separable convolutions?",
        options=(
            "The first take height and width apart, the second take space and channels apart",
            "None: both replace a large convolution by a product of two smaller ones of the same kind",
            "The second work on grey pictures only",
        ),
        right=0,
        because="A column times a row still sees all channels in both factors; a depthwise kernel is a full k×k one "
        "and sees a single channel. Both are factorisations, of different things, and with colour neither has trouble.",
    ),
    Question(
        name="same-mark",
        text="One pixel of one channel is lit. What do the output maps of a separable convolution show of it?",
        options=(
            "A mark in one output map only",
            "A mark in each output map, all of different shapes",
            "The same mark in each, stronger or weaker",
        ),
        right=2,
        because="The channel's only kernel makes the mark, and the pointwise step multiplies it by a number for each "
        "output map. Different shapes need an ordinary convolution or a multiplier; a single map would mean that "
        "nothing mixes the channels.",
    ),
    Question(
        name="what-is-missing",
        text="What stands between the depthwise and the pointwise step in Xception?",
        options=("A ReLU", "Batch normalisation", "Batch normalisation and a ReLU", "Nothing"),
        right=3,
        because="ReLU stands before the separable convolution, batch normalisation behind it. Between the steps the "
        "paper tried ReLU and ELU, and both learned more slowly than nothing.",
    ),
    Question(
        name="compared",
        text="Xception and Inception-v3 have nearly the same number of parameters. What does the paper conclude from "
        "the lower error?",
        options=(
            "That the parameters are put to better use",
            "That the network has a larger capacity",
            "That separable convolutions are faster",
        ),
        right=0,
        because="With as many parameters a larger capacity is not the explanation. Faster it was not: it made 28 "
        "steps a second where Inception-v3 made 31.",
    ),
    Question(
        name="shortcuts",
        text="How many of Xception's 14 modules have a shortcut?",
        options=("None; they came with Inception-ResNet", "All 14", "The four that halve the maps", "Twelve"),
        right=3,
        because="All but the first and the last. Four of the twelve halve the maps and have a 1×1 convolution in "
        "their shortcut, the other eight pass the maps on as they are.",
    ),
    Question(
        name="wide-space",
        text="Why does the same ReLU lose next to nothing behind a 1×1 convolution to many maps?",
        options=(
            "Behind a 1×1 convolution nearly all values are above zero, and pass unchanged",
            "What one map loses, other mixtures of the same channels still show",
            "The 1×1 convolution has no bias",
        ),
        right=1,
        because="Where one mixture is below zero, another one is above. The values have both signs there too, and a "
        "bias only moves the place of the cut.",
    ),
)
