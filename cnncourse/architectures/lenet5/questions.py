"""Chapter 1's predictions and its quiz."""

from cnncourse.learner import Prediction, Question

PREDICTIONS = (
    Prediction(
        name="numbers-of-c1",
        text="LeNet-5's first layer has the same 4,704 units. How many numbers does it train?",
        unit="trainable numbers",
    ),
    Prediction(
        name="why-leave-out",
        text="Why would anybody leave connections out? Name two reasons.",
    ),
    Prediction(
        name="shift-error",
        text="Trained on centred digits and tested on digits moved by 4 pixels: what happens?",
        options=(
            "LeNet-5 reads them nearly as well as unmoved ones, the fully connected network does not",
            "LeNet-5 errs much more than on unmoved ones, and still less than the fully connected network",
            "Both err about equally, because neither has seen a moved digit",
        ),
    ),
)

QUESTIONS = (
    Question(
        name="weights-of-c1",
        text="C1 turns one 32×32 map into six of 28×28. Why has it only 156 trainable numbers?",
        options=(
            "Most of the weights between image and maps are zero, and those are not counted as trainable",
            "Every position uses the same 25 weights and one bias, for each of the six maps",
            "It looks at every second pixel only, in both directions of the picture",
        ),
        right=1,
        because="6 × (5 × 5 + 1) = 156: the weights of a map are shared by all its 784 positions.",
    ),
    Question(
        name="why-a-table",
        text="Which two reasons does the paper give for connecting each C3 map to some of the S2 maps only?",
        options=(
            "It avoids overfitting with so few digits, and it makes the gradient of the earlier layers larger",
            "It keeps the number of connections in bounds, and it makes the maps learn different things",
            "It spares memory, and it allows two processors to share the work",
        ),
        right=1,
        because="Different inputs break the symmetry between the maps. Sharing between processors is AlexNet's story.",
    ),
    Question(
        name="sub-sampling",
        text="What does S2 compute from four neighbouring values?",
        options=(
            "Their largest, because the strongest response is what matters",
            "Their mean, which no training changes and which is squashed afterwards",
            "Their sum, times a trained coefficient, plus a trained bias, squashed",
        ),
        right=2,
        because="One coefficient and one bias a map: 12 trainable numbers for S2's six maps.",
    ),
    Question(
        name="larger-input",
        text="C5's maps are 1×1. Why does the paper call it a convolution?",
        options=(
            "On a larger picture its maps would be larger than 1×1",
            "Its weights are shared between its 120 maps",
            "It is a fully connected layer in everything, and the name is a slip of the authors",
        ),
        right=0,
        because="A 48×48 picture gives 5×5 maps. A fully connected layer would refuse it.",
    ),
    Question(
        name="tolerance",
        text="What did the experiment of this chapter show about digits moved by a few pixels?",
        options=(
            "LeNet-5 does not mind where in the picture a digit stands, up to 4 pixels",
            "LeNet-5 minds less than a fully connected network, but it does mind",
            "Both networks mind equally",
        ),
        right=1,
        because="Tolerance, not invariance: at four pixels both are wrong more often than right.",
    ),
)
