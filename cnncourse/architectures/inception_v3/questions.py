"""Chapter 5's predictions and its quiz."""

from cnncourse.learner import Prediction, Question

PREDICTIONS = (
    Prediction(
        name="share-saved",
        text="A 7×7 convolution of 192 maps, or a 1×7 and a 7×1 convolution in its place, with 192 maps in, between "
        "and out. How many of the multiply-adds do the two save?",
        unit="%",
    ),
    Prediction(
        name="turned-edge",
        text="A kernel that answers to a vertical edge is a column times a row, exactly. Now turn the edge by 45 "
        "degrees. How much of the kernel (of its squares) can the best column times row keep?",
        options=(
            "All of it: the kernel is only turned",
            "About nine tenths",
            "About half",
            "Next to nothing",
        ),
    ),
    Prediction(
        name="largest-rate",
        text="Six convolutions learn digits in 60 steps, with learning rates 0.01, 0.04, 0.16 and 0.64. What is the "
        "largest rate at which they get well below chance (90 % error), without and with batch normalisation?",
        options=(
            "The same for both: the rate is a property of the optimiser",
            "Four times as large with batch normalisation, or more",
            "Larger without batch normalisation, which adds numbers to be trained",
        ),
    ),
    Prediction(
        name="largest-score",
        text="Two networks learn the same digits for 200 steps, one with plain labels, one with ε = 0.1. How far will "
        "the largest score be above the mean of the ten scores?",
        options=(
            "Far with plain labels, a few units with smoothed ones",
            "A little less with smoothed labels, by about a tenth",
            "Farther with smoothed labels: the network must try harder",
        ),
    ),
)

QUESTIONS = (
    Question(
        name="evaluation",
        text="In evaluation a trained network with batch normalisation is given one single picture. By which mean and "
        "variance are its maps normalised?",
        options=(
            "By those of the picture itself, over height and width",
            "By none: normalisation is for training only",
            "By the averages that were kept while training",
            "By those of the last batch seen in training",
        ),
        right=2,
        because="The running averages stand in for the batch, so that an answer does not depend on what else is in "
        "the batch. A picture's own statistics would take its brightness away; without any normalisation the next "
        "layer would get numbers that it has never seen; and one batch alone would be a matter of luck.",
    ),
    Question(
        name="bias",
        text="Why have convolutions before batch normalisation no bias?",
        options=(
            "The mean that is subtracted contains it, and the shift takes its place",
            "The ReLU that follows cuts off whatever constant a bias would have added",
            "It would make the network overfit",
        ),
        right=0,
        because="Whatever is added to a whole map is in the map's mean too, and is gone after the subtraction. A ReLU "
        "does not remove constants, it cuts below zero; and a few hundred numbers more or less have nothing to do "
        "with overfitting.",
    ),
    Question(
        name="factors",
        text="How many weights have a 1×5 and a 5×1 convolution, compared with one of 5×5, if all have as many maps "
        "in as out?",
        options=("A fifth", "Two fifths", "Half", "As many"),
        right=1,
        because="Each of the two has 5 weights for each pair of maps, together 10, and the 5×5 has 25. A fifth is one "
        "of the two factors alone.",
    ),
    Question(
        name="one-map",
        text="What can a 5×5 convolution from one map to one map do that 1×5 and 5×1 with one map between them "
        "cannot, leaving ReLU aside?",
        options=(
            "See 25 pixels at once",
            "Answer to a vertical edge",
            "Blur a picture",
            "Answer to a diagonal edge",
        ),
        right=3,
        because="The two make a column times a row, and a diagonal edge is a sum of two such products. They do see 25 "
        "pixels; a vertical edge and a round blur are a column times a row. With more maps between them they can "
        "add products up.",
    ),
    Question(
        name="reduction",
        text="Why does the paper not simply pool first, and then make twice as many maps?",
        options=(
            "All that is known of the picture would have to pass through a quarter of the values",
            "It would cost more multiply-adds than a convolution followed by a pooling of the same size",
            "The maps would come out with another height and width",
        ),
        right=0,
        because="That is the representational bottleneck: what pooling has thrown away, no later layer brings back. "
        "The dear layout is the other one, which pools last; height and width are the same in all three.",
    ),
    Question(
        name="smoothed-target",
        text="Ten classes, ε = 0.1, the paper's label smoothing. What is the target for the right class?",
        options=("0.9", "0.91", "0.99", "1"),
        right=1,
        because="1 − ε of the label, and a tenth of ε like every other class: 0.9 + 0.01. With 0.9 the others would "
        "share all of ε between them, which is another convention.",
    ),
    Question(
        name="which-step",
        text="Which of the four additions to what this paper calls Inception-v2 lowered the top-1 error most?",
        options=(
            "RMSProp",
            "Label smoothing",
            "Batch normalisation in the auxiliary classifier",
            "Factorised 7×7 convolutions",
        ),
        right=3,
        because="1.2 points of the 2.2 in all. RMSProp and label smoothing gained 0.3 points each, batch normalisation "
        "in the auxiliary classifier 0.4. Many retellings name these three and leave out the largest.",
    ),
)
