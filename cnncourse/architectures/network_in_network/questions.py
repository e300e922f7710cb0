"""The appendix's predictions and its quiz."""

from cnncourse.learner import Prediction, Question

PREDICTIONS = (
    Prediction(
        name="numbers-of-the-head",
        text="AlexNet's three fully connected layers have 58.6 million trainable numbers. The head of Network in "
        "Network, which makes a thousand scores of the last mlpconv layer's maps, replaces them. How many has it?",
        unit="trainable numbers",
    ),
    Prediction(
        name="receptive-field",
        text="A 3×3 convolution is followed by two 1×1 convolutions, each with its ReLU. "
        "How many pixels of the image does a unit at the end see?",
        unit="pixels",
    ),
    Prediction(
        name="other-half",
        text="Two networks learn digits that always stand in the left half of a canvas. They differ in their head "
        "only. Then they are shown digits in the right half. What happens?",
        options=(
            "Both err much more than on the left: neither has ever seen a digit there",
            "The fully connected head errs much more than on the left, global average pooling hardly",
            "Neither errs much more: convolutions treat all positions alike, whatever follows",
        ),
    ),
    Prediction(
        name="overfitting",
        text="The same mlpconv layers learn 300 patches of photographs, once with each head. "
        "What will global average pooling do?",
        options=(
            "It narrows the gap between training and test error, and the test error falls",
            "It changes neither, since the mlpconv layers have most of the numbers",
            "It narrows the gap between training and test error, and the test error need not fall",
        ),
    ),
)

QUESTIONS = (
    Question(
        name="one-by-one",
        text="What does a 1×1 convolution from 96 to 64 maps do at one position?",
        options=(
            "It multiplies each of the 96 maps by one trained number of its own, and leaves out the rest",
            "It makes 64 weighted sums of the 96 values there, the same sums at every position",
            "Nothing: a kernel of one pixel cannot see any pattern",
            "It averages the 96 values into 64 groups",
        ),
        right=1,
        because="It is a fully connected layer over the channels, applied at each position with shared weights. One "
        "number a map would mix nothing; it sees no pattern in space but patterns across channels; and its sums are "
        "learned, not averages.",
    ),
    Question(
        name="hidden-layers",
        text="How many hidden layers has the perceptron of one mlpconv layer with widths 192, 160 and 96?",
        options=(
            "One, the 1×1 convolution in the middle",
            "Three, since there are three ReLUs",
            "Two: 192 and 160 units",
        ),
        right=2,
        because="The patch is its input and the 96 units are its output, which has a ReLU too. So the layers between "
        "are two. “One hidden layer” is what many summaries say.",
    ),
    Question(
        name="without-relu",
        text="Somebody forgets the ReLUs inside an mlpconv layer and keeps only the last. What is left?",
        options=(
            "An ordinary convolution: several linear layers in a row make one",
            "An mlpconv layer that learns more slowly",
            "A layer with a larger receptive field",
        ),
        right=0,
        because="A product of matrices is a matrix: there is one k×k kernel that does the same. It is not merely slow, "
        "since no training can make it bend; and 1×1 kernels never widen what a unit sees.",
    ),
    Question(
        name="why-position-free",
        text="Why does global average pooling read digits where none was in training?",
        options=(
            "It has learned during training to ignore the position",
            "It was trained on digits moved about in the left half, and so learned to ignore positions",
            "Its weight for a position of a map, one over their number, is the same for all",
        ),
        right=2,
        because="The maps move along with the digit, and their mean does not care. Nothing is learned in it. The fully "
        "connected head saw digits that moved in the left half too, and that did not help it: its weights for the "
        "right half were never taught anything.",
    ),
    Question(
        name="class-maps",
        text="Why can the last maps be read as maps of classes?",
        options=(
            "Because a map's mean is the score of its class, so that training raises it where that class is seen",
            "Because 1×1 convolutions keep classes apart from each other",
            "Because every convolutional network's last maps are maps of classes",
        ),
        right=0,
        because="Each map is tied to one class by the mean. With a fully connected head every score is made of all "
        "maps, each position times its weight, so that map 3 need have nothing to do with class 3; and a 1×1 "
        "convolution mixes channels.",
    ),
    Question(
        name="smaller-gap",
        text="A network's gap between training and test error is smaller than another's. What follows for its test "
        "error?",
        options=(
            "It is lower, since a network that overfits less is better on new pictures",
            "Nothing: the gap is also smaller if the training error is higher",
            "It is higher, since it has learned less",
        ),
        right=1,
        because="A gap is a difference, and has two ends. A network that learns nothing has no gap at all. One must "
        "look at the test error itself.",
    ),
    Question(
        name="inception",
        text="Inception-v1 took over the 1×1 convolution. What for, in the first place?",
        options=(
            "To make a perceptron slide over the image",
            "To replace the fully connected layers at its end",
            "To have fewer maps before the expensive kernels",
        ),
        right=2,
        because="Its paper calls them dimension reduction: fewer maps before a 3×3 or 5×5 kernel, so that it costs "
        "less. A sliding perceptron was the purpose in Network in Network; and the fully connected layers go by "
        "global average pooling.",
    ),
)
