"""Chapter 3's predictions and its quiz."""

from cnncourse.learner import Prediction, Question

PREDICTIONS = (
    Prediction(
        name="three-against-seven",
        text="One 7×7 convolution, or three 3×3 convolutions that see as much; 64 channels in and out everywhere. "
        "How many of the weights do the three save?",
        unit="%",
    ),
    Prediction(
        name="weights-and-maps",
        text="In which part of VGG-16 are most of its 138 million numbers, and in which most of the values that it "
        "computes for a picture?",
        options=(
            "Numbers and values both in the last stages, which are the widest",
            "Numbers in the first stages, values in the fully connected layers",
            "Numbers in the fully connected layers, values in the first stages",
        ),
    ),
    Prediction(
        name="deeper",
        text="Mini A has 8 convolutions, mini D has 13. Both start with weights of four tenths of the suitable "
        "variance and learn the same digits. What will the training error be?",
        options=(
            "About the same: the weights are equally poor in both",
            "Higher with 13: more layers, more loss of signal",
            "Lower with 13, as in the paper's table 3",
        ),
    ),
    Prediction(
        name="two-against-five",
        text="Digits anywhere in a noisy field. One network has 5×5 convolutions, the other two of 3×3 in the place of "
        "each. Whose test error is lower?",
        options=(
            "That of the pairs of 3×3, as in the paper",
            "That of the 5×5 convolutions",
            "There is no difference that one could see with four seeds",
        ),
    ),
)

QUESTIONS = (
    Question(
        name="window",
        text="How much does one unit see behind four 3×3 convolutions with stride 1?",
        options=("12×12 pixels", "9×9 pixels", "81×81 pixels", "7×7 pixels"),
        right=1,
        because="The first sees three pixels across, and each further one adds two: 3 + 2 + 2 + 2. Three times four "
        "would be windows side by side, 3 to the fourth power windows that do not overlap when stacked with strides; "
        "7×7 belongs to three convolutions.",
    ),
    Question(
        name="without-relu",
        text="What do two 3×3 convolutions with nothing between them compute?",
        options=(
            "Nothing that one 5×5 convolution could not",
            "The same as with a ReLU between them, only faster",
            "More than a 5×5 convolution, since there are two layers",
        ),
        right=0,
        because="A linear map of a linear map is linear: one 5×5 kernel, and not even every such kernel. The ReLU is "
        "what makes the second layer more than a detour. Speed has nothing to do with it.",
    ),
    Question(
        name="first-pair",
        text="In which place does a pair of 3×3 convolutions have more weights than one 5×5 convolution?",
        options=(
            "64 → 64 channels",
            "512 → 512 channels",
            "3 → 64 channels",
        ),
        right=2,
        because="The pair has 9 · 3 · 64 + 9 · 64 · 64 weights, the one 25 · 3 · 64. The second convolution of a pair "
        "has all the output channels on both sides. Where channels stay the same it is 18 against 25, whatever their "
        "number.",
    ),
    Question(
        name="where-the-size-is",
        text="You may take one thing away from VGG-16 to make its file small. Which?",
        options=(
            "The first two convolutions, which have the largest maps",
            "The first fully connected layer",
            "The last stage of three convolutions with 512 maps",
            "The dropout",
        ),
        right=1,
        because="It connects 7 · 7 · 512 values with 4,096 units: three quarters of all numbers. Large maps cost "
        "memory while it runs, and not in the file; the last stage has about seven million numbers; dropout has none.",
    ),
    Question(
        name="configuration-c",
        text="C and D both have 16 weight layers. What does the paper learn from comparing them?",
        options=(
            "That a 1×1 convolution is worse than no convolution at all",
            "That depth alone decides",
            "That to look around helps, beyond one more non-linearity",
        ),
        right=2,
        because="C adds 1×1 convolutions, which have a ReLU and see nothing new, and is better than B without them. "
        "D has 3×3 in their place and is better still: with equal depth the window matters, so depth alone does not "
        "decide.",
    ),
    Question(
        name="stalled",
        text="Why did the network with 13 convolutions stall in our runs?",
        options=(
            "With so many parameters it overfitted the digits",
            "The signal shrank at every layer, and little of it was left at the end",
            "With five layers more, the same number of steps is shared among more weights",
        ),
        right=1,
        because="Four tenths of the suitable variance, thirteen times over. It cannot be overfitting, for it is "
        "the error on the training digits that stays high; and a network that had merely too few steps would be under "
        "way, not at the level of guessing.",
    ),
    Question(
        name="evidence",
        text="On some seeds our network with 5×5 convolutions beat the one with pairs of 3×3, on others neither was "
        "clearly better. What follows?",
        options=(
            "Large kernels are better, and the paper's comparison of the two was wrong",
            "The paper is right all the same: a result with four seeds says nothing about anything",
            "Neither is better as such; what the paper found holds where it was found",
        ),
        right=2,
        because="A result speaks of the data, size, steps and seeds that it came from. Ours is undecided: it shows "
        "neither that “3×3 is better” is a law, nor the opposite.",
    ),
)
