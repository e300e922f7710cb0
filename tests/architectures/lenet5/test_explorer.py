"""Chapter 1's explorer shows the convolution that torch computes, and stays inside the picture."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse.architectures.lenet5.explorer import ConvolutionExplorer, ConvolutionStep
from cnncourse.data import digits

IMAGE = digits().test_images[0]


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (3, 2), (1, 1)])
def test_sum_of_products_is_the_output_pixel(stride, padding):
    kernel = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    output = F.conv2d(IMAGE[None], kernel[None, None], stride=stride, padding=padding)[0, 0]
    step = ConvolutionStep(IMAGE[0], kernel, row=4, column=7, stride=stride, padding=padding)
    torch.testing.assert_close(step.products.sum(), output[4, 7])
    torch.testing.assert_close(step.output, output)


def test_picture_is_the_same_for_the_same_step():
    step = ConvolutionStep(IMAGE[0], torch.ones(3, 3))
    assert step.svg == ConvolutionStep(IMAGE[0], torch.ones(3, 3)).svg


def controls(explorer):
    picture, box = explorer.widget().children
    (row, column), (stride, padding), kernel = box.children[0].children, box.children[1].children, box.children[2]
    return picture, row, column, stride, padding, kernel


def test_sliders_change_the_picture():
    picture, row, *_ = controls(ConvolutionExplorer(IMAGE))
    before = picture.value
    row.value += 3
    assert picture.value != before
    assert f"row {row.value}" in picture.value


def test_sliders_follow_when_the_output_shrinks():
    picture, row, column, stride, padding, kernel = controls(ConvolutionExplorer(IMAGE, {"mine": torch.ones(5, 5)}))
    kernel.value = "vertical edges"
    row.value, column.value = row.max, column.max
    stride.value, kernel.value = 3, "mine"
    assert (row.value, column.value) == (row.max, column.max) == (9, 9)
    padding.value = 2
    assert row.max == 10
    assert "output 11×11" in picture.value


def test_without_a_kernel_there_is_a_still_picture_with_words():
    bundle = ConvolutionExplorer(IMAGE)._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert "the products add up to" in bundle["text/plain"]
