"""Mistakes in a stack of convolutions."""

from torch import nn

from cnncourse.checking import Misconception


def stacked(in_channels, out_channels, depth, kernel_size=3, **changed):
    """A right answer; the wrong ones below change a thing or two."""
    how = {"padding": kernel_size // 2} | changed
    more = how.pop("more", lambda _number: [nn.ReLU()])
    layers = []
    for number in range(depth):
        layers += [nn.Conv2d(in_channels, out_channels, kernel_size, **how), *more(number)]
        in_channels = out_channels
    return nn.Sequential(*layers)


def no_padding(*arguments):
    return stacked(*arguments, padding=0)


def padding_of_one(*arguments):
    return stacked(*arguments, padding=1)


def pooling_inside(*arguments):
    return nn.Sequential(stacked(*arguments), nn.MaxPool2d(2))


def strided(*arguments):
    return stacked(*arguments[:2], 1, *arguments[3:], stride=2)


def channels_kept(in_channels, out_channels, *more):
    return stacked(in_channels, in_channels, *more)


def one_object_several_times(in_channels, out_channels, depth, kernel_size=3):
    first = stacked(in_channels, out_channels, 1, kernel_size)
    return nn.Sequential(first, *[stacked(out_channels, out_channels, 1, kernel_size)] * (depth - 1))


class InAPlainList(nn.Module):
    def __init__(self, *arguments):
        super().__init__()
        self.layers = list(stacked(*arguments))

    def forward(self, images):
        for layer in self.layers:
            images = layer(images)
        return images


def capped_at_six(*arguments):
    return stacked(*arguments, more=lambda _number: [nn.ReLU6()])


def rectified_image(*arguments):
    return nn.Sequential(nn.ReLU(), stacked(*arguments))


def normalised_maps(*arguments):
    return nn.Sequential(stacked(*arguments), nn.LocalResponseNorm(5))


class OneOfThemOnly(nn.Module):
    def __init__(self, in_channels, out_channels, depth, kernel_size=3):
        super().__init__()
        self.first = stacked(in_channels, out_channels, 1, kernel_size)
        self.others = nn.ModuleList(stacked(out_channels, out_channels, 1, kernel_size) for _ in range(depth - 1))

    def forward(self, images):
        maps = self.first(images)
        for _ in self.others:
            maps = self.others[0](maps)
        return maps


def without_bias(*arguments):
    return stacked(*arguments, bias=False)


def with_batch_norm(in_channels, out_channels, *more):
    return stacked(in_channels, out_channels, *more, more=lambda _number: [nn.BatchNorm2d(out_channels), nn.ReLU()])


def one_too_many(in_channels, out_channels, depth, kernel_size=3):
    return stacked(in_channels, out_channels, depth + 1, kernel_size)


def one_too_few(in_channels, out_channels, depth, kernel_size=3):
    return stacked(in_channels, out_channels, max(depth - 1, 1), kernel_size)


def always_three(in_channels, out_channels, depth, kernel_size=3):
    return stacked(in_channels, out_channels, depth)


def one_large_kernel(in_channels, out_channels, depth, kernel_size=3):
    return stacked(in_channels, out_channels, 1, depth * (kernel_size - 1) + 1)


def dilated(in_channels, out_channels, depth, kernel_size=3):
    return stacked(in_channels, out_channels, depth, kernel_size, dilation=2, padding=kernel_size - 1)


def replicated_border(*arguments):
    return stacked(*arguments, padding_mode="replicate")


def no_relu(*arguments):
    return stacked(*arguments, more=lambda _number: [])


def relu_at_the_end_only(in_channels, out_channels, depth, *more):
    return stacked(
        in_channels, out_channels, depth, *more, more=lambda number: [nn.ReLU()] if number == depth - 1 else []
    )


def no_relu_at_the_end(in_channels, out_channels, depth, *more):
    return stacked(
        in_channels, out_channels, depth, *more, more=lambda number: [nn.ReLU()] if number < depth - 1 else []
    )


def every_second_relu(*arguments):
    return stacked(*arguments, more=lambda number: [nn.ReLU()] if number != 1 else [nn.Identity()])


def leaky(*arguments):
    return stacked(*arguments, more=lambda _number: [nn.LeakyReLU()])


def logistic(*arguments):
    return stacked(*arguments, more=lambda _number: [nn.Sigmoid()])


class Detached(nn.Module):
    def __init__(self, *arguments):
        super().__init__()
        self.layers = stacked(*arguments)

    def forward(self, images):
        return self.layers(images.detach())


def without_affine_norms(in_channels, out_channels, *more):
    return stacked(
        in_channels, out_channels, *more, more=lambda _number: [nn.BatchNorm2d(out_channels, affine=False), nn.ReLU()]
    )


class DetachedBetween(nn.Sequential):
    def __init__(self, *arguments):
        super().__init__(*stacked(*arguments))

    def forward(self, images):
        for layer in self[:-2]:
            images = layer(images)
        return self[-1](self[-2](images.detach()))


def dropped(*arguments):
    return stacked(*arguments, more=lambda _number: [nn.ReLU(), nn.Dropout(0.5)])


MISTAKES = (
    Misconception("no padding: every convolution takes a border away", no_padding, ("height and width stay",)),
    Misconception(
        "the padding is 1, whatever the kernel: it must be half of the kernel, rounded down",
        padding_of_one,
        ("height and width stay",),
    ),
    Misconception(
        "something halves the maps: a pooling or a stride inside the stack", pooling_inside, ("height and width stay",)
    ),
    Misconception("a stride in place of the stack", strided, ("height and width stay",)),
    Misconception(
        "layers in a plain list or dictionary are invisible to PyTorch: use nn.ModuleList",
        InAPlainList,
        ("every convolution has weights of its own",),
    ),
    Misconception(
        "an activation that cuts off large values, such as ReLU6; ReLU leaves them as they are",
        capped_at_six,
        ("a ReLU after every convolution",),
    ),
    Misconception(
        "a ReLU stands before the first convolution: what is below zero in the image is lost",
        rectified_image,
        ("a ReLU after every convolution",),
    ),
    Misconception(
        "the maps are normalised behind the stack; nothing else is asked for",
        normalised_maps,
        ("a ReLU after every convolution",),
    ),
    Misconception("the number of output channels is that of the input", channels_kept, ("height and width stay",)),
    Misconception(
        "one convolution object is used several times: it has one set of weights, and so have all of its uses",
        one_object_several_times,
        ("every convolution has weights of its own",),
    ),
    Misconception(
        "convolutions are made and then not used, or one of them is used in their place",
        OneOfThemOnly,
        ("every convolution has weights of its own",),
    ),
    Misconception(
        "the biases are left out, or not trained", without_bias, ("every convolution has weights of its own",)
    ),
    Misconception(
        "batch normalisation is added; it came a year later",
        with_batch_norm,
        ("every convolution has weights of its own",),
    ),
    Misconception("one convolution too many", one_too_many, ("every convolution has weights of its own",)),
    Misconception("one convolution too few", one_too_few, ("every convolution has weights of its own",)),
    Misconception(
        "the kernel size is ignored: these are 3×3 kernels", always_three, ("every convolution has weights of its own",)
    ),
    Misconception(
        "one large kernel in place of the stack", one_large_kernel, ("every convolution has weights of its own",)
    ),
    Misconception(
        "there are holes in the window: a dilation spreads the kernels", dilated, ("one unit sees the right window",)
    ),
    Misconception("the border is not filled with zeros", replicated_border, ("a ReLU after every convolution",)),
    Misconception(
        "there is no ReLU at all: convolutions in a row are one linear map (linear collapse)",
        no_relu,
        ("a ReLU after every convolution",),
    ),
    Misconception(
        "there is one ReLU, at the end: the convolutions before it are one linear map (linear collapse)",
        relu_at_the_end_only,
        ("a ReLU after every convolution",),
    ),
    Misconception(
        "the ReLU after the last convolution is missing", no_relu_at_the_end, ("a ReLU after every convolution",)
    ),
    Misconception(
        "the ReLU behind the second convolution is missing", every_second_relu, ("a ReLU after every convolution",)
    ),
    Misconception(
        "an activation that lets negative numbers through; ReLU gives exactly 0 for them",
        leaky,
        ("a ReLU after every convolution",),
    ),
    Misconception(
        "an activation that changes positive numbers: ReLU leaves them as they are",
        logistic,
        ("a ReLU after every convolution",),
    ),
    Misconception("what comes in is cut off from the gradient", Detached, ("one unit sees the right window",)),
    Misconception(
        "batch normalisation without scale and shift is added; it came a year later",
        without_affine_norms,
        ("a ReLU after every convolution",),
    ),
    Misconception(
        "the gradient is cut off between the convolutions", DetachedBetween, ("one unit sees the right window",)
    ),
    Misconception("dropout is added; nothing else is asked for", dropped, ("a ReLU after every convolution",)),
)
