"""What of a chapter was trained is not trained again for the site: its figure answers from what the notebook keeps."""

import json

import nbformat
import pytest
import torch

from cnncourse.architectures.lenet5.explorer import explore_convolution
from cnncourse.architectures.network_in_network.experiment import AVERAGE, FULLY_CONNECTED, STAGES, ClassMapNetwork
from cnncourse.architectures.network_in_network.explorer import explore_class_maps
from cnncourse.data import digits, small_digits
from cnncourse.drawing.hands_on import MADE_FROM, kept, made_again, unkept
from cnncourse.site import turning
from cnncourse.site.figures import UNSTABLE, live_figure
from cnncourse.training import seeded


def trained_kernels():
    kernels = torch.randn(2, 3, 3, generator=torch.Generator().manual_seed(0), requires_grad=True)
    return explore_convolution(digits().test_images[200], {"one": kernels[0], "other": kernels[1]})


def trained_networks():
    with seeded(0):
        networks = [ClassMapNetwork(1, STAGES, head, positions=72).eval() for head in (AVERAGE, FULLY_CONNECTED)]
    return explore_class_maps(small_digits()[1][:10], networks)


@pytest.fixture(params=[trained_kernels, trained_networks])
def bundle(request):
    return request.param()._repr_mimebundle_()


def test_a_figure_is_made_again_to_the_letter_from_what_is_kept(bundle):
    again = made_again(json.loads(json.dumps(bundle[MADE_FROM])))
    assert again._repr_mimebundle_()["text/html"] == bundle["text/html"]
    assert again._repr_mimebundle_()[MADE_FROM] == bundle[MADE_FROM]
    assert len(json.dumps(bundle[MADE_FROM])) < 70_000  # the repository stays small


def test_what_its_code_alone_makes_again_is_not_kept():
    assert MADE_FROM not in explore_convolution(digits().test_images[200])._repr_mimebundle_()


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.int64])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 1, 4)])
def test_tensors_come_back_to_the_last_bit(dtype, shape):
    numbers = (100 * torch.rand(shape, generator=torch.Generator().manual_seed(1))).to(dtype)
    again = unkept(json.loads(json.dumps(kept(numbers))))
    assert (again.dtype, again.shape) == (dtype, torch.Size(shape))
    assert torch.equal(again, numbers)


@pytest.mark.parametrize("state", ["as committed", "another picture", "nothing kept"])
def test_a_trained_figure_answers_only_if_it_is_the_committed_one(state, monkeypatch):
    monkeypatch.setattr(turning, "MOST_STATES", 60)
    bundle = trained_kernels()._repr_mimebundle_()
    data = {name: bundle[name] for name in ("text/html", MADE_FROM)}
    if state == "another picture":
        data["text/html"] += " "
    elif state == "nothing kept":
        del data[MADE_FROM]
    cell = nbformat.v4.new_code_cell("explore(not_there)", outputs=[nbformat.v4.new_output("display_data", data)])
    cell.metadata.tags = [UNSTABLE]
    assert (live_figure([cell], 0, "it") is not None) == (state == "as committed")
