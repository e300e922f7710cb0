"""Chapter 10's predictions and its quiz."""

from cnncourse.learner import Prediction, Question

PREDICTIONS = (
    Prediction(
        name="three-forms",
        text="One set of weights, in three forms: (a) paths added up, (b) paths side by side and one 1×1 convolution, "
        "(c) one grouped convolution. Which of them gives other numbers than the others?",
        options=(
            "(a): a sum is not the same as maps side by side",
            "(b): its 1×1 convolution mixes the paths, which the others keep apart",
            "(c): groups are something else than paths",
            "None of them, but for rounding",
        ),
    ),
    Prediction(
        name="training-loss",
        text="Two blocks for digits, each with 1 path of width 8 or with 4 paths of width 3: nearly the same number of "
        "weights. Twenty seeds. In how many will the four paths have the lower training loss?",
        unit="of 20 seeds",
    ),
    Prediction(
        name="test-error",
        text="And the test error of the same networks, after so short a training on so few digits?",
        options=(
            "It follows the training loss: lower with four paths, beyond doubt",
            "No clear difference in either direction",
            "Higher with four paths, beyond doubt: the lower loss is overfitting",
        ),
    ),
)

QUESTIONS = (
    Question(
        name="weights",
        text="A block with 256 channels at both ends and 32 paths of width 4: how many weights?",
        options=(
            "32 · (256·4 + 9·4² + 4·256) = 70,144",
            "256·128 + 9·128² + 128·256 = 212,992",
            "256·4 + 9·4² + 4·256 = 2,192",
            "4 · (256·32 + 9·32² + 32·256) = 102,400",
        ),
        right=0,
        because="Thirty-two times what one path has. The second does not divide the 3×3 convolution, the third is a "
        "single path, and the last exchanges cardinality and width.",
    ),
    Question(
        name="groups",
        text="Which convolution of form (c) is divided into groups?",
        options=(
            "All three, so that the paths stay apart from end to end",
            "Both 1×1 convolutions, which would be too dear otherwise",
            "The 3×3 convolution alone",
        ),
        right=2,
        because="Every path reads all channels that come in and writes to all that go out: the 1×1 convolutions must "
        "be whole. Only between them do paths keep to their own channels.",
    ),
    Question(
        name="sum",
        text="Inception-ResNet stacks what its branches give, ResNeXt adds it up. What follows from the difference?",
        options=(
            "ResNeXt has more parameters, since sums need a weight for each path",
            "Nothing: with a 1×1 convolution behind the stack, both are forms of one function",
            "Only ResNeXt's branches can be trained at the same time",
            "Inception-ResNet's branches see more of the picture",
        ),
        right=1,
        because="Forms (a) and (b) are equal. New is that all paths have the same shape, so that their number can be "
        "chosen. What a branch sees depends on its kernels, not on how the results are joined.",
    ),
    Question(
        name="depth",
        text="Why must a path have three layers or more?",
        options=(
            "With two, the path has no 3×3 convolution left and sees nothing of the neighbourhood",
            "With two, the sum of paths is one wider pair of layers and divides nothing",
            "With two, batch normalisation has no place",
        ),
        right=1,
        because="Two layers, in and out, side by side: that is a single pair with more channels between. Blocks of two "
        "layers and batch normalisation go well together, as in ResNet-34, and shortcuts do not mind either.",
    ),
    Question(
        name="norm",
        text="Where does batch normalisation stand at the end of form (a), if it is to be equal to form (c)?",
        options=(
            "Behind the last convolution of each path, before the sum",
            "Behind the addition of the shortcut, where the other form has it as well",
            "Nowhere: form (a) has none",
            "Behind the sum of the paths, once, before the shortcut is added",
        ),
        right=3,
        because="Form (c) normalises the output of its last convolution, which is the sum of the paths. Paths "
        "normalised one by one give another function in training; behind the addition the shortcut would be changed.",
    ),
    Question(
        name="ends",
        text="Which networks of earlier chapters have grouped convolutions at other places of the same axis?",
        options=(
            "AlexNet with two groups, Xception with as many groups as channels",
            "Inception-v1, whose four branches each see a part of the channels",
            "Inception-v3 with n groups in its 1×n convolutions",
        ),
        right=0,
        because="AlexNet's halves were a matter of memory on graphics cards; a depthwise convolution is the other end. "
        "Inception-v1's branches all see all channels, and so do the 1×n kernels of Inception-v3.",
    ),
    Question(
        name="regulariser",
        text="In the paper the training error falls, too, as cardinality rises. What do the authors conclude?",
        options=(
            "That the networks are regularised by their groups",
            "That more parameters were needed",
            "That the representations are stronger",
            "That the training was too short",
        ),
        right=2,
        because="A regulariser makes training errors higher, not lower, and parameters were kept equal. How long the "
        "training is was the same for all.",
    ),
)
