"""Chapter 8's predictions and its quiz."""

from cnncourse.learner import Prediction, Question

PREDICTIONS = (
    Prediction(
        name="largest-stage",
        text="Which stage of Inception-v4 has most of the parameters?",
        options=(
            "The stem, which sees the largest maps",
            "The four Inception-A modules",
            "The seven Inception-B modules",
            "The three Inception-C modules, with the most maps",
        ),
    ),
    Prediction(
        name="additions",
        text="ResNet-50 has 16 additions, one for each of its shortcuts. How many has Inception-v4, with its 76 layers "
        "in a row?",
        unit="additions",
    ),
    Prediction(
        name="kept",
        text="Eight maps of photographs are halved to sixteen, in three ways, with random weights. From which of the "
        "three can a linear decoder recover the eight maps best?",
        options=(
            "Pooling, then a convolution",
            "A convolution, then pooling, at four times the work",
            "A convolution with stride 2 beside a pooling",
            "All three lose the same: the sizes are the same",
        ),
    ),
)

QUESTIONS = (
    Question(
        name="reduction-maps",
        text="Reduction-A gets 384 maps, with k = 192, l = 224, m = 256, n = 384. How many come out?",
        options=("1,024", "640", "1,056", "384"),
        right=0,
        because="n + m + 384: k and l are widths inside the branch of three convolutions. 640 forgets the pooled maps, "
        "1,056 counts all four letters and nothing pooled, and 384 would be a sum in the place of a stack.",
    ),
    Question(
        name="uniform",
        text="What is uniform in Inception-v4?",
        options=(
            "All modules have the same number of filters",
            "All kernels have the same size",
            "Modules on maps of the same size are alike",
            "Each stage has the same number of modules",
        ),
        right=2,
        because="One design for each of the three grids, 35×35, 17×17 and 8×8. Filters and kernels differ between the "
        "grids, and there are four, seven and three modules.",
    ),
    Question(
        name="residual",
        text="“Residual connections lead to dramatically improved training speed”: of which network does the paper "
        "say so?",
        options=(
            "Inception-v4, which has them in each of its fourteen modules",
            "Inception-ResNet, the other network of the same paper",
            "Inception-v4, in its two reductions",
            "Inception-v3, when it was trained again",
        ),
        right=1,
        because="Inception-v4 has no addition at all; you counted. Its sister networks of the same paper have "
        "shortcuts and are the next chapter. The reductions stack maps and add nothing; version 3 has no shortcuts.",
    ),
    Question(
        name="bottleneck",
        text="A reduction pools first, and then makes four times as many maps with a 3×3 convolution. Are there enough "
        "maps to keep what was known?",
        options=(
            "Yes: as many values come out as came in",
            "Yes, if the convolution is trained for it",
            "No: what a ReLU has cut off before can be recovered by no convolution",
            "No: all of it went through the pooled maps, which are too few",
        ),
        right=3,
        because="What counts is the narrowest place on the way, not what comes out at the end. Training cannot bring "
        "back what the pooling dropped; it helped a little in the experiment. And no ReLU came before the pooling.",
    ),
    Question(
        name="odd-grids",
        text="Why 35, 17 and 8, and not 36, 18 and 9?",
        options=(
            "Odd numbers of places train faster",
            "Windows of 3×3 with stride 2 that never leave the maps fit 35 and 17 exactly",
            "The zeros round the maps need an odd number",
            "An even grid has no middle, and a kernel of 3×3 could not be centred on its maps",
        ),
        right=1,
        because="(35 − 3)/2 + 1 = 17 and (17 − 3)/2 + 1 = 8, with nothing left over. From 36 a row and a column would "
        "be left out. There are no zeros in the layers that halve.",
    ),
    Question(
        name="size-or-design",
        text="Inception-v4 has a top-5 error of 5.0 %, Inception-v3 of 5.6 %, under the same protocol. What follows "
        "for its uniform design?",
        options=(
            "That it is better: nothing else was changed",
            "That it is worse: it needs more parameters",
            "Nothing certain: depth, width and design all changed together",
        ),
        right=2,
        because="With 1.8 times the parameters and 2.1 times the multiply-adds, size alone may explain the gain. To "
        "judge the design one would have to compare networks of the same size, and the paper has no such pair.",
    ),
    Question(
        name="copies",
        text="Which maps of a reduction's output are no result of any convolution in it?",
        options=("Those of the pooling branch", "Those of the branch of three", "None", "All of them"),
        right=0,
        because="The pooling passes on each map it gets, thinned to its maxima: 384 of Reduction-A's 1,024. The others "
        "come from convolutions, batch normalisation and ReLU.",
    ),
)
