"""Files of weights are found, downloaded, resumed and compared, or asked for in words; against a server here."""

import hashlib
import re
from dataclasses import replace

import pytest
import torch

from cnncourse import load_pretrained
from cnncourse.architectures import architecture
from cnncourse.cli import main
from cnncourse.weights.checkpoints import CHECKPOINTS, checkpoint
from cnncourse.weights.downloads import WeightsUnavailableError, weights_file, weights_folder
from tests.data.server import Server

CONTENT = bytes(range(256)) * 400
NAME = f"resnet50-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"


@pytest.fixture
def server(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    server = Server()
    server.files = {NAME: CONTENT}
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def published(server):
    return replace(checkpoint("resnet-50"), address=server.url + NAME)


def test_a_file_is_downloaded_once_and_kept_in_the_courses_folder(server, published):
    path = weights_file(published)
    assert path == weights_folder() / NAME
    assert path.read_bytes() == CONTENT
    assert weights_file(published) == path
    assert len(server.requests) == 1


def test_an_interrupted_download_is_gone_on_with(server, published):
    server.cut_after = 40_000
    with pytest.raises(WeightsUnavailableError, match=r"40,?000 bytes"):
        weights_file(published)
    assert weights_file(published).read_bytes() == CONTENT
    assert int(server.requests[-1][1].removeprefix("bytes=").rstrip("-")) > 30_000


def test_what_arrives_wrong_is_removed_and_said(server, published):
    server.files = {NAME: CONTENT[:-1] + b"?"}
    with pytest.raises(WeightsUnavailableError, match="another checksum, and was removed"):
        weights_file(published)
    assert not list(weights_folder().iterdir())


def test_a_file_that_was_spoilt_later_is_downloaded_again(server, published):
    weights_folder().mkdir(parents=True)
    (weights_folder() / NAME).write_bytes(b"spoilt")
    assert weights_file(published).read_bytes() == CONTENT
    assert len(server.requests) == 1


def test_torchvisions_own_copy_will_do(server, published, tmp_path):
    place = tmp_path / "torch/hub/checkpoints"
    place.mkdir(parents=True)
    (place / NAME).write_bytes(CONTENT)
    assert weights_file(published) == place / NAME
    assert not server.requests


def test_a_mirror_is_asked_first_and_the_publisher_after_it(server, published, monkeypatch):
    monkeypatch.setenv("CNNCOURSE_MIRROR", server.url + "class/")
    assert weights_file(published).read_bytes() == CONTENT
    assert [path for path, _ in server.requests] == [f"/class/{NAME}", f"/{NAME}"]


def test_without_a_network_it_says_what_file_is_wanted_and_where_to_put_it(server, published, monkeypatch):
    gone = replace(published, address=f"http://127.0.0.1:9/{NAME}")
    monkeypatch.setattr("cnncourse.weights.checkpoints.CHECKPOINTS", (gone,))
    monkeypatch.setattr("cnncourse.weights.pretrained.CHECKPOINTS", (gone,))
    with torch.device("meta"):
        model = architecture("resnet-50").build(variant="v1.5")
    with pytest.raises(WeightsUnavailableError) as error:
        load_pretrained(model, "torchvision")
    for said in (NAME, gone.checksum, str(weights_folder()), "--weights FILE"):
        assert said in str(error.value)


def test_the_command_says_it_in_words_and_fails(server, published, monkeypatch, capsys, tmp_path):
    gone = replace(published, address=f"http://127.0.0.1:9/{NAME}")
    monkeypatch.setattr("cnncourse.weights.checkpoints.CHECKPOINTS", (gone,))
    assert main(["classify", str(tmp_path / "cat.jpg")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("cnncourse: the weights of resnet-50 are not here and could not be downloaded.")
    assert "Traceback" not in said


def test_every_published_name_ends_with_the_beginning_of_a_checksum():
    for each in CHECKPOINTS:
        assert re.fullmatch("[0-9a-f]{8,9}", each.checksum), each.address


def test_unknown_names_and_sources_are_told_what_there_is():
    assert checkpoint("6").name == "resnet-50"
    assert checkpoint("inception-v4").source == "timm"
    with pytest.raises(LookupError, match="nobody publishes weights of lenet-5; there are some of alexnet, "):
        checkpoint("lenet-5")
    with pytest.raises(LookupError, match="torchvision publishes no weights of xception; timm can be given"):
        checkpoint("xception", "torchvision")
    with pytest.raises(LookupError, match="no architecture 'resnet-51'"):
        checkpoint("resnet-51")
