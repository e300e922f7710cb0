"""Chapter 9's predictions and its quiz."""

from cnncourse.learner import Prediction, Question

PREDICTIONS = (
    Prediction(
        name="size-after-twenty-blocks",
        text="Twenty residual Inception blocks in a row, before training, each adding its residual in full. How many "
        "times larger is the stream behind the last block than behind the first layer?",
        unit="times",
    ),
    Prediction(
        name="size-of-the-released-network",
        text="The network that the paper draws has 32.4 million numbers to train. The released one has twice as many "
        "blocks, and another stem and end. How many numbers has it?",
        unit="million",
    ),
    Prediction(
        name="steps-saved",
        text="Two networks of eight Inception blocks, with the same parameters, first weights and digits, each at its "
        "own best rate; one of them has shortcuts. To bring the training loss down to 0.5, it needs",
        options=(
            "about as many steps as the plain one: eight blocks are not deep",
            "a tenth fewer",
            "half as many, or even fewer",
            "more steps: what passes on the shortcut is not learned",
        ),
    ),
    Prediction(
        name="scaling-at-the-lowest-rate",
        text="Residual networks learn for 60 steps at the lowest of three rates, at which even those without scaling "
        "are stable. What does a scale of 0.2 do to the training error there?",
        options=("It lowers it", "It raises it", "It makes no difference"),
    ),
)

QUESTIONS = (
    Question(
        name="up-convolution",
        text="Why does no ReLU follow the 1×1 convolution behind the branches?",
        options=(
            "Its maps would no longer match the stream in number, so they could not be added",
            "It has a bias, and a bias replaces a ReLU",
            "A block could then only add to its input, never take away",
            "A ReLU costs as much as the convolution itself",
        ),
        right=2,
        because="What a ReLU gives is never below zero, and the stream could only grow, as in chapter 6. A ReLU leaves "
        "the number of maps alone; a bias shifts and does not cut off; and a ReLU costs next to nothing.",
    ),
    Question(
        name="what-is-scaled",
        text="Twenty blocks with scale 0.1 in a row, and all their convolutions happen to give zero. By mistake the "
        "scale was put on the shortcut. What is left of the input?",
        options=(
            "All of it: zero is added",
            "One part in 10²⁰",
            "A tenth",
            "Twenty tenths: twice the input",
        ),
        right=1,
        because="Each block multiplies what passes by 0.1, and the factors multiply: 0.1²⁰. All of it would be left if "
        "the scale were on the residual, where it belongs; a tenth is left after a single block; and nothing adds the "
        "tenths up.",
    ),
    Question(
        name="additive-growth",
        text="In the branches each convolution is followed by batch normalisation. What does that do to the growth of "
        "the stream before training?",
        options=(
            "Each block adds the same amount to its mean square, however large it is already",
            "Each block multiplies its size by the same factor, so that it explodes with the number of blocks",
            "It keeps the stream at one size",
        ),
        right=0,
        because="Normalised branches give residuals of one size. Without normalisation the residual grows with the "
        "stream, and each block multiplies. The sums themselves are not normalised, so the stream is not kept at "
        "one size.",
    ),
    Question(
        name="why-scale",
        text="What did the authors see in very wide residual networks without scaling?",
        options=(
            "Overfitting: the test error rose while the training error fell",
            "A slower start, which warm-up of the learning rate cured",
            "Gradients that vanished towards the first layers",
            "Last layers that gave only zeros, early in training",
        ),
        right=3,
        because="Beyond about 1,000 filters the networks died: before the average pooling only zeros came. Neither a "
        "lower rate nor more batch normalisation prevented it, and warm-up, they say, does not suffice. Neither "
        "overfitting nor vanishing gradients come into it.",
    ),
    Question(
        name="not-free",
        text="In the miniature, a scale of 0.2 saved training at the highest rate. What did it do at the lowest?",
        options=(
            "It saved training there, too",
            "It slowed training down",
            "It changed nothing, because the residuals are small there anyway",
            "It made the last maps silent",
        ),
        right=1,
        because="There the unscaled network was stable, so that nothing had to be saved; with smaller residuals a step "
        "changes less, and the error after the same number of steps was higher. Silent maps came with the highest rate "
        "and no scaling.",
    ),
    Question(
        name="conclusion",
        text="Inception-v4 has no shortcuts, and a top-5 error of 5.0 %; Inception-ResNet-v2, of about the same cost, "
        "has 4.9 %. What did the authors conclude?",
        options=(
            "Shortcuts speed training up, but very deep networks can be trained without them",
            "Shortcuts are necessary for training very deep networks",
            "Inception modules are superfluous where there are shortcuts",
        ),
        right=0,
        because="On this point they disagree with the paper on ResNet: Inception-v4 trains without shortcuts, more "
        "slowly, and the final accuracy depends mainly on the size of a network. Inception modules are in both.",
    ),
    Question(
        name="which-network",
        text="An article says “Inception-ResNet-v2, 56 million parameters” and shows the figure of the paper. What is "
        "wrong?",
        options=(
            "The network has 23 million parameters",
            "Running averages of batch normalisation were counted as parameters",
            "The figure has half as many blocks, and 32 million parameters",
            "Nothing: figure and number belong together",
        ),
        right=2,
        because="56 million is the size of the released network, with 10, 20 and 10 blocks. The figure's 5, 10 and 5 "
        "come to 32 million. About 23 million are in Inception-ResNet-v1, and nothing was counted twice.",
    ),
)
