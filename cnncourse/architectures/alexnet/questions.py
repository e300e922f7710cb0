"""Chapter 2's predictions and its quiz."""

from cnncourse.learner import Prediction, Question

PREDICTIONS = (
    Prediction(
        name="share-of-fully-connected",
        text="AlexNet has five convolutions and three fully connected layers. "
        "Which share of its sixty million numbers is in the fully connected ones?",
        unit="%",
    ),
    Prediction(
        name="dropout",
        text="The same network, the same hundred digits, with and without dropout. What will dropout do?",
        options=(
            "It lowers the test error, and learning takes longer",
            "It lowers the test error, and learning is faster, since there are fewer units to train",
            "It raises the test error, since the network is smaller",
        ),
    ),
    Prediction(
        name="activations",
        text="A small network learns digits with ReLU, with tanh and with the logistic function, each at its own best "
        "learning rate. Which is the fastest, which the slowest?",
        options=(
            "ReLU, then tanh, then logistic",
            "tanh, then ReLU, then logistic",
            "All three about equally fast",
        ),
    ),
)

QUESTIONS = (
    Question(
        name="test-time",
        text="A layer drops its units with p = 0.2 in training, as in the paper. What happens to a unit at test time?",
        options=(
            "It is multiplied by 0.8",
            "It is multiplied by 0.2",
            "It is dropped with probability 0.2, as in training",
            "Nothing: it was scaled in training already",
        ),
        right=0,
        because="In training it is there eight times in ten, so 0.8 of it is what the next layer is used to. 0.2 mixes "
        "up p and 1 − p; dropping at test time makes answers a matter of luck; scaling in training is today's "
        "inverted dropout, not the paper's.",
    ),
    Question(
        name="where-the-numbers-are",
        text="Where are most of AlexNet's sixty million numbers?",
        options=(
            "In conv1, whose kernels are the largest",
            "In conv3, whose kernels are the only ones to see both towers",
            "In fc6, between the last maps and the first 4,096 units",
            "Spread over all eight layers about evenly",
        ),
        right=2,
        because="6 × 6 × 256 × 4,096 weights, well over half. Kernels are shared by all places, so that even conv3, "
        "the largest convolution, has less than two in a hundred; and conv1's large kernels see three channels only.",
    ),
    Question(
        name="towers",
        text="What do the two towers change in conv2, compared with one network of the same widths?",
        options=(
            "Each of its kernels sees half of the maps before it, so that it has half the weights",
            "It has half as many output maps",
            "Nothing but the speed: two cards share the sums that one card alone would do one by one",
        ),
        right=0,
        because="256 kernels of 5×5×48 instead of 5×5×96. There are as many output maps as before; and it is another "
        "function, not the same one computed on two cards.",
    ),
    Question(
        name="normalisation",
        text="Which setting of torch's LocalResponseNorm gives the paper's α = 0.0001 with n = 5?",
        options=("alpha=1e-4", "alpha=5e-4", "alpha=2e-5"),
        right=1,
        because="torch takes the mean over the n maps, that is, it divides alpha by n; the paper takes the sum. 1e-4 "
        "is five times too weak, and 2e-5 goes the wrong way.",
    ),
    Question(
        name="tanh",
        text="In our runs tanh was faster than ReLU. What follows?",
        options=(
            "The paper's figure 1 is wrong",
            "At this depth, width and data tanh was faster; the paper measured another network and other data",
            "Our runs are wrong, for all networks of the later chapters use ReLU and learn well with it",
        ),
        right=1,
        because="One measurement speaks of its own setting. The paper itself says that the size of the effect varies "
        "with the architecture. That everybody uses something is no measurement, and neither is a figure on another "
        "data set refuted by ours.",
    ),
    Question(
        name="first-in-2012",
        text="Which of these was new in the paper?",
        options=(
            "Rectified linear units",
            "Dropout",
            "Training one large convolutional network on two graphics cards, each with half of the kernels",
        ),
        right=2,
        because="For ReLUs the paper follows Nair and Hinton, and it calls dropout “recently-introduced”, with a "
        "reference. Spreading one network over two cards was its own.",
    ),
)
