"""What is said of mistakes in a module of Xception."""

import cnncourse.architectures.xception.exercise.modules as wrong
from cnncourse.checking import Misconception

SHAPES, NUMBERS, SHORTCUT, ORDER, HALVING = (
    "shapes",
    "trainable numbers",
    "the shortcut passes the maps on as they came",
    "ReLU, separable convolution, batch normalisation, in this order",
    "modules that halve the maps",
)


MISTAKES = (
    Misconception("the ReLU before the first separable convolution is missing", wrong.NoLeadingRelu, (ORDER,)),
    Misconception(
        "a ReLU before the first separable convolution, where leading_relu=False", wrong.AlwaysLeadingRelu, (HALVING,)
    ),
    Misconception("the ReLUs between the separable convolutions are missing", wrong.OnlyLeadingRelu, (ORDER,)),
    Misconception("all ReLUs are missing", wrong.NoRelu, (ORDER,)),
    Misconception("the ReLUs are missing in evaluation", wrong.NoReluInEvaluation, (ORDER,)),
    Misconception(
        "each ReLU stands behind its separable convolution; in Xception it stands before", wrong.ReluBehind, (ORDER,)
    ),
    Misconception("a ReLU behind the last batch normalisation, before the addition", wrong.ReluAtTheEndToo, (ORDER,)),
    Misconception("a ReLU between the depthwise and the pointwise step", wrong.ReluWithin, (ORDER,)),
    Misconception("ReLU6, which cuts off above 6; it is ReLU", wrong.Relu6, (ORDER,)),
    Misconception("a ReLU after the addition; in Xception there is none", wrong.ReluAfterAddition, (SHORTCUT,)),
    Misconception(
        "the first ReLU works in place: it changes the very maps that the shortcut is to carry",
        wrong.InPlace,
        (SHORTCUT,),
    ),
    Misconception(
        "the shortcut carries what a ReLU has left of the maps; it must carry them as they came",
        wrong.ShortcutOfRelu,
        (SHORTCUT,),
    ),
    Misconception(
        "a ReLU in the shortcut; it must carry the maps as they came", wrong.ShortcutOfReluAlways, (SHORTCUT,)
    ),
    Misconception("the shortcut is missing", wrong.WithoutShortcut, (SHORTCUT,)),
    Misconception(
        "the shortcut has no convolution: it is missing where downsample=True", wrong.ShortcutOnlyInTheMiddle
    ),
    Misconception(
        "a convolution and batch normalisation in the shortcut, where the maps could be passed on as they are",
        wrong.AlwaysProjects,
        (NUMBERS,),
    ),
    Misconception(
        "a convolution in the shortcut, where the maps could be passed on as they are",
        wrong.AlwaysConvolves,
        (NUMBERS,),
    ),
    Misconception(
        "the shortcut has no convolution where the channels stay the same; with downsample=True it always has one",
        wrong.ProjectsForOtherChannelsOnly,
        (NUMBERS,),
    ),
    Misconception("batch normalisation is missing in the shortcut", wrong.ProjectionWithoutNorm, (NUMBERS,)),
    Misconception(
        "the shortcut's convolution has a bias; batch normalisation cancels it", wrong.ProjectionWithBias, (NUMBERS,)
    ),
    Misconception(
        "the shortcut's convolution has no stride: one of the two ways halves the maps, and the other does not",
        wrong.ProjectionWithoutStride,
        (SHAPES,),
    ),
    Misconception("the shortcut's convolution is 3×3; it is 1×1", wrong.ProjectionIsWide, (NUMBERS,)),
    Misconception(
        "the whole shortcut is cut off from the gradient, by detach or no_grad", wrong.ShortcutCutOff, (SHORTCUT,)
    ),
    Misconception(
        "the gradient does not get through the shortcut to the input, because of detach or no_grad",
        wrong.ShortcutInputCutOff,
        (SHORTCUT,),
    ),
    Misconception(
        "where nothing is halved, the shortcut is cut off from the gradient, by detach or no_grad",
        wrong.PlainShortcutCutOff,
        (SHORTCUT,),
    ),
    Misconception(
        "the gradient does not get through the separable convolutions to the input, because of detach or no_grad",
        wrong.ResidualInputCutOff,
        (SHORTCUT,),
    ),
    Misconception("average pooling; it is max pooling", wrong.AveragePooled, (HALVING,)),
    Misconception(
        "the maps are thinned out by a stride; it is max pooling that halves them", wrong.ThinnedOut, (HALVING,)
    ),
    Misconception(
        "a pooling of 2×2: one of the two ways rounds half the height up, and the other down",
        wrong.PooledByTwo,
        (SHAPES,),
    ),
    Misconception("a pooling of 2×2; it is 3×3, with stride 2 and padding 1", wrong.PooledByTwoRoundedUp, (HALVING,)),
    Misconception("the pooling comes first, before the separable convolutions", wrong.PooledFirst, (HALVING,)),
    Misconception("the maps keep their size, although downsample=True", wrong.Unpooled, (SHAPES,)),
    Misconception("ordinary 3×3 convolutions: nothing is separated", wrong.OrdinaryConvolutions, (NUMBERS,)),
    Misconception("1×1 comes first in the separable convolutions", wrong.PointwiseStepFirst),
    Misconception(
        "separable convolutions of one size share their weights: one object", wrong.SharedConvolutions, (NUMBERS,)
    ),
    Misconception("batch normalisation is missing behind the separable convolutions", wrong.WithoutNorms, (NUMBERS,)),
    Misconception("batch normalisation uses the batch in evaluation too", wrong.NormsOfTheBatch, (ORDER,)),
    Misconception("batch normalisation within the separable convolutions too", wrong.NormsWithin, (NUMBERS,)),
    Misconception("the last batch normalisation stands behind the addition", wrong.NormAfterAddition, (ORDER,)),
    Misconception(
        "all steps have biases; batch normalisation cancels them, and Xception has none",
        wrong.BiasesEverywhere,
        (NUMBERS,),
    ),
    Misconception(
        "the pointwise steps have biases; batch normalisation cancels them, and Xception has none",
        wrong.BiasesInPointwise,
        (NUMBERS,),
    ),
    Misconception(
        "all convolutions have biases; batch normalisation cancels them", wrong.BiasesInTheShortcutToo, (NUMBERS,)
    ),
    Misconception("only the first of the filters is used", wrong.OnlyFirstFilters),
    Misconception(
        "leading_relu is False where it is not given; the text says True", wrong.NoLeadingReluByDefault, (ORDER,)
    ),
    Misconception("downsample is True where it is not given; the text says False", wrong.HalvesByDefault, (SHAPES,)),
)
