"""What is written for other viewers can be opened by them."""

import shutil
import subprocess
import urllib.request

import pytest
import torch

from cnncourse.architectures import architecture
from cnncourse.cli import main
from cnncourse.drawing import exports

SHAPE = (3, 64, 64)


@pytest.fixture(scope="module")
def model():
    return architecture("resnet-50").build(variant="resnet-18").train()


@pytest.fixture(scope="module")
def onnx_file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "resnet.onnx"
    assert exports.to_onnx(model, SHAPE, path) == f"netron {path}"
    return path


def test_onnx_file_is_valid_and_takes_any_batch(onnx_file):
    import onnx

    loaded = onnx.load(str(onnx_file))
    onnx.checker.check_model(loaded)
    first, *sides = loaded.graph.input[0].type.tensor_type.shape.dim
    assert first.dim_param
    assert [side.dim_value for side in sides] == list(SHAPE)
    assert sum(node.op_type == "Conv" for node in loaded.graph.node) == 20


def test_netron_serves_the_file(onnx_file):
    import netron

    host, port = netron.start(str(onnx_file), browse=False)
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/data/{onnx_file.name}") as answer:
            assert answer.read() == onnx_file.read_bytes()
    finally:
        netron.stop((host, port))


@pytest.mark.slow
def test_tensorboard_reads_the_graph(model, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert exports.to_tensorboard(model, SHAPE, tmp_path) == f"tensorboard --logdir {tmp_path}"
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert sum("conv" in node.name for node in events.Graph().node) > 20


@pytest.mark.parametrize("write", [exports.to_graphviz, exports.autograd_graph])
def test_graphviz_draws_the_graph(model, tmp_path, write):
    path = tmp_path / "resnet.dot"
    assert write(model, SHAPE, path) == f"dot -Tsvg -O {path}"
    source = path.read_text(encoding="utf-8")
    assert source.startswith(("digraph", "strict digraph"))
    assert source.count("->") > 10
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg", "-O", str(path)], check=True)
        assert path.with_name("resnet.dot.svg").exists()


def test_summary_counts_the_same_parameters(model):
    assert "11,689,512" in exports.summary(model, SHAPE)


@pytest.mark.parametrize("write", [exports.to_graphviz, exports.to_tensorboard, exports.summary])
def test_exports_leave_the_model_and_the_random_state_alone(model, tmp_path, write):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    write(model, SHAPE, *([tmp_path / "out"] if write is not exports.summary else []))
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_missing_library_says_what_to_type(model, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torchviz", None)
    with pytest.raises(ImportError, match=r"needs torchviz, .* pip install 'cnncourse\[viz\]'"):
        exports.autograd_graph(model, SHAPE, tmp_path / "graph.dot")


def test_command_says_how_to_look_at_it(tmp_path, capsys):
    path = tmp_path / "lenet.dot"
    assert main(["export", "lenet-5", "torchview", str(path)]) == 0
    assert capsys.readouterr().out == f"To look at it: dot -Tsvg -O {path}\n"
    assert main(["export", "lenet-5", "torchinfo"]) == 0
    assert "60,000" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["netscape", "x"], "no viewer 'netscape'; there are netron"),
        (["netron"], "netron needs a path to write to"),
    ],
)
def test_command_that_cannot_work_says_why(arguments, said, capsys):
    assert main(["export", "lenet-5", *arguments]) == 2
    assert said in capsys.readouterr().err
