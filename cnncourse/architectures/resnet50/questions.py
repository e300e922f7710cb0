"""Chapter 6's predictions and its quiz."""

from cnncourse.learner import Prediction, Question

PREDICTIONS = (
    Prediction(
        name="gradients-of-the-plain-network",
        text="A plain network of 50 layers with batch normalisation, before its first step. How large is the gradient "
        "at the first convolution, compared with that at the last?",
        options=(
            "Far smaller: it vanishes on its way down",
            "About as large",
            "Far larger: it grows on its way down",
        ),
    ),
    Prediction(
        name="seen-by-the-block",
        text="The first block of conv3_x halves the maps; in the paper both its first 1×1 convolution and its "
        "projection have stride 2. How much of its input does this block never look at?",
        unit="%",
    ),
    Prediction(
        name="which-architecture",
        text="A network of the course, drawn from its code, without its name. Which is it?",
        options=("Inception-v3", "ResNet-34", "A plain network of 34 layers", "ResNet-101", "ResNet-50"),
    ),
    Prediction(
        name="projections-share",
        text="ResNet-50 has option B: four projections, one at the beginning of each stage. What is their share of "
        "all its numbers to train?",
        unit="%",
    ),
    Prediction(
        name="highest-training-error",
        text="Four networks learn the same digits for 60 steps: plain and residual, with 10 and with 26 layers. Which "
        "ends with the highest error on the digits that it was trained on?",
        options=(
            "Plain, 10 layers: it has the fewest numbers to adapt",
            "Residual, 10 layers",
            "Plain, 26 layers",
            "Residual, 26 layers: it has the same depth to train and shortcuts besides",
        ),
    ),
)

QUESTIONS = (
    Question(
        name="degradation",
        text="Plain networks of 34 layers do worse than plain ones of 18. Which observation shows that this is not "
        "overfitting?",
        options=(
            "The error on the test pictures is higher",
            "The error on the training pictures is higher as well",
            "Dropout does not help",
            "The deeper network has more parameters, and the same training pictures",
        ),
        right=1,
        because="A network that overfits does better than another on what it was trained on, and worse on the rest. "
        "Here it does worse already in training. A higher test error goes with both; more numbers to train make "
        "overfitting more likely, not less; and the paper's networks have no dropout.",
    ),
    Question(
        name="could-it",
        text="Why did He et al. call it strange that the deeper plain network had the higher training error?",
        options=(
            "Deeper networks take more steps an epoch",
            "Batch normalisation had been thought to make depth harmless in evaluation",
            "It could copy the shallower one and pass the result on unchanged",
        ),
        right=2,
        because="Such a copy has the same training error, so the deeper network's best is at least as good. That "
        "training does not find it is a matter of optimisation. The number of steps was the same, and evaluation does "
        "not come into it.",
    ),
    Question(
        name="zero-residual",
        text="All weights of the two convolutions of a basic block are zero, its shift β too, and its shortcut is "
        "the identity. What comes out for maps that come from a ReLU?",
        options=("The maps unchanged", "Zeros", "The maps with half their size", "The maps, normalised"),
        right=0,
        because="The residual is zero, zero is added, and the last ReLU changes nothing in maps that are not negative. "
        "Zeros would come out of a plain pair of layers. Nothing halves the sum, and what is normalised is the "
        "residual, never the identity.",
    ),
    Question(
        name="where-relu",
        text="Why does the last ReLU of the block stand behind the addition, and none before it?",
        options=(
            "It saves memory, because the sum may be overwritten in place",
            "Otherwise the gradient could not pass the shortcut",
            "With one before it, a block could add but never take away",
            "Batch normalisation needs negative values",
        ),
        right=2,
        because="What comes out of a ReLU is never negative, so the signal could only grow from block to block. The "
        "shortcut's gradient passes in either case; memory has nothing to do with it, and batch normalisation stands "
        "before any of the two places.",
    ),
    Question(
        name="options",
        text="ResNet-34 with options A, B and C had top-5 errors of 7.8, 7.5 and 7.4 %. What did the authors conclude?",
        options=(
            "Projections are what makes networks of this depth trainable",
            "Option C is worth its price everywhere",
            "The zeros of option A spoil the training",
            "The differences are small, so projections are not essential",
        ),
        right=3,
        because="Each option is far better than no shortcut, with 10.0 %. From A to C there is little to gain, and C "
        "costs parameters in every block, so the deeper networks have B. The zeros of option A carry nothing, and do "
        "no harm.",
    ),
    Question(
        name="why-fifty",
        text="ResNet-50 has 53 convolutions and one fully connected layer. Why is it called 50?",
        options=(
            "The four projections, beside the main path, are not counted",
            "The four layers without ReLU are not counted",
            "The first convolution and the three with stride 2 are not counted",
        ),
        right=0,
        because="49 convolutions and the fully connected layer lie one behind the other. More than four layers have no "
        "ReLU of their own (the last of each block), and the first convolution is counted as all others are.",
    ),
    Question(
        name="vanishing",
        text="What did you measure in plain networks with batch normalisation, before training, the deeper they were?",
        options=(
            "The gradient shrinks towards the first layers",
            "The gradient grows towards the first layers",
            "The signal at the last layers shrinks towards zero",
            "Neither signal nor gradient depends on depth",
        ),
        right=1,
        because="Batch normalisation keeps the signal's size the same, and on its way back the gradient grows a little "
        "with each layer. Both shrink in plain networks without batch normalisation and with weights that are too "
        "small, as in chapter 3.",
    ),
)
