"""Chapter 4's predictions and its quiz."""

from cnncourse.learner import Prediction, Question

PREDICTIONS = (
    Prediction(
        name="reduced-cost",
        text="The naive module 3a takes 303 million multiply-adds. Now 1×1 convolutions reduce the 192 maps to 96 "
        "before the 3×3 kernels and to 16 before the 5×5 kernels. How many does the reduced module take?",
        unit="million multiply-adds",
    ),
    Prediction(
        name="parameters",
        text="AlexNet has 61 million trainable numbers, VGG-16 has 138 million. How many has Inception-v1?",
        unit="million trainable numbers",
    ),
    Prediction(
        name="first-layer",
        text="By Table 1 the first layer turns 224×224×3 into 112×112×64, with 2.7 K parameters and 34 M operations. "
        "Which layer has these numbers?",
        options=(
            "A 7×7 convolution that sees the image in grey, one channel in place of three",
            "A 3×3 convolution with stride 2, as in VGG-16",
            "Eight 7×7 kernels on each colour alone, then a 1×1 convolution",
            "A 5×5 convolution with stride 2, on all three colours at once",
        ),
    ),
    Prediction(
        name="branches-or-sizes",
        text="Three networks take the same work. One has a single path of 3×3 kernels, one has four branches of 3×3 "
        "kernels, and one has Inception modules, four branches with kernels of several sizes. Which step lowers the "
        "test error most?",
        options=(
            "From one path to four branches",
            "From kernels of one size to several sizes",
            "Neither: for the same work all three do about as well",
        ),
    ),
)

QUESTIONS = (
    Question(
        name="why-reduce",
        text="What are the 1×1 convolutions before the 3×3 and 5×5 kernels for?",
        options=(
            "To widen what a unit sees of the image",
            "To make the maps smaller in height and width at little cost",
            "To let the expensive kernels work on fewer maps",
            "To have one map for each class",
        ),
        right=2,
        because="A kernel's cost grows with the maps that it sees. A 1×1 kernel sees one position and leaves height "
        "and width as they are, so it widens no view and shrinks no map; maps of classes were Network in Network's.",
    ),
    Question(
        name="projection",
        text="The pooling branch has a 1×1 convolution as well, though a pooling costs hardly anything. Why?",
        options=(
            "Without it every module would pass on all maps that it got, and more",
            "Because a pooling has no weights, and each branch must have something that learns",
            "To undo what the pooling has lost",
        ),
        right=0,
        because="A pooling gives as many maps as it is given. Joined to what the other branches make, the number would "
        "grow with every module. Nothing forces a layer behind a pooling, and what a maximum has dropped is gone.",
    ),
    Question(
        name="parallel",
        text="Which branch of a module is given what another branch made?",
        options=(
            "The 5×5 branch is given what the 3×3 branch made",
            "The pooling branch is given what the 1×1 branch made",
            "The 3×3 and the 5×5 branch share one reduction",
            "None: all four are given the same maps",
        ),
        right=3,
        because="The branches stand side by side, and meet only where their maps are joined. Each large kernel has a "
        "reduction of its own, with a width of its own in Table 1.",
    ),
    Question(
        name="hidden-layer",
        text="What does the parameter column of Table 1 tell about the first layer?",
        options=(
            "That it is separable, although the text does not say so",
            "That it has no biases, although the other layers have some",
            "That the table was made for images in grey",
        ),
        right=0,
        because="2.7 K and 34 M fit a depthwise 7×7 convolution with a 1×1 convolution behind it, and later papers of "
        "the same group confirm it. Leaving out 64 biases would not shrink 9.4 K to a third, and the image has three "
        "channels.",
    ),
    Question(
        name="few-parameters",
        text="Inception-v1 has less than an eighth of AlexNet's parameters. Where is most of the difference?",
        options=(
            "In the 1×1 reductions, which let its nine modules do with few maps",
            "In the two auxiliary classifiers that are thrown away",
            "In the separable first layer",
            "In the head: a mean and one layer in place of three large ones",
        ),
        right=3,
        because="AlexNet's three fully connected layers have 58.6 of its 61 million numbers, Inception-v1's one has a "
        "million. The reductions keep the modules cheap, but AlexNet's convolutions were small too. The separable "
        "layer saves a few thousand, and the auxiliary classifiers are not counted in either.",
    ),
    Question(
        name="scaled-control",
        text="Why is the control's loss multiplied by 1.6 in the experiment with auxiliary classifiers?",
        options=(
            "Because with two more losses the learning rate would be too small for the control",
            "So that both arms have equally much loss, and only the way back differs",
            "Because its gradient would be zero otherwise",
        ),
        right=1,
        because="1 + 0.3 + 0.3 = 1.6. With more loss any gradient is larger, which would be no merit of the place "
        "where the classifiers stand. Nothing is trained there, so that no learning rate takes part; and a gradient is "
        "there in any case.",
    ),
    Question(
        name="at-test-time",
        text="What do the auxiliary classifiers do when the trained network classifies a picture?",
        options=(
            "They vote, with a weight of 0.3 each",
            "They answer early if they are sure enough",
            "Nothing: they are for training only",
        ),
        right=2,
        because="They are thrown away after training. The 0.3 is the weight of their losses, not of a vote; early "
        "answers are an idea of later networks.",
    ),
)
