"""Downloads, against a server on this machine with small files of the real formats."""

import gzip
import io
import pickle
import struct
import tarfile

import numpy as np
import pytest

from cnncourse.data import DataUnavailableError
from cnncourse.data.downloads import CIFAR10_ARCHIVE, IDX_FILES, read_cifar_data, read_idx_data
from cnncourse.data.fetching import RemoteFiles, cache_folder, fetch
from tests.data.server import Server


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def idx(values):
    header = bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape)
    return gzip.compress(header + values.astype(np.uint8).tobytes())


@pytest.fixture
def mnist_server(server):
    random = np.random.default_rng(0)
    values = (random.integers(0, 256, (6, 28, 28)), np.arange(6), random.integers(0, 256, (3, 28, 28)), np.arange(3))
    server.values = values
    server.files = {name: idx(value) for name, value in zip(IDX_FILES, values, strict=True)}
    return server


def test_idx_files_become_images_on_the_papers_canvas(mnist_server):
    data = read_idx_data(mnist_server.remote("mnist"), tuple("0123456789"))
    assert data.train_images.shape == (6, 1, 32, 32)
    assert data.test_labels.tolist() == [0, 1, 2]
    shown = (data.train_images[:, 0, 2:-2, 2:-2].numpy() + 0.1) / 1.275 * 255
    np.testing.assert_allclose(shown, mnist_server.values[0], atol=1e-3)
    assert (data.train_images[:, 0, :2] + 0.1).abs().max() < 1e-6


def test_cifar_archive_becomes_colour_images(server):
    random = np.random.default_rng(0)
    packed = io.BytesIO()
    pixels = {}
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        members = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
        for name in members:
            pixels[name] = random.integers(0, 256, (2, 3072), dtype=np.uint8)
            add(archive, name, {b"data": pixels[name], b"labels": [1, 9]})
        add(archive, "batches.meta", {b"label_names": [f"class {i}".encode() for i in range(10)]})
    server.files = {CIFAR10_ARCHIVE: packed.getvalue()}
    data = read_cifar_data(server.remote("cifar-10"))
    assert data.train_images.shape == (10, 3, 32, 32)
    assert data.test_labels.tolist() == [1, 9]
    assert data.class_names[3] == "class 3"
    shown = (data.test_images.numpy() + 1) * 127.5
    np.testing.assert_allclose(shown.reshape(2, 3072), pixels["test_batch"], atol=1e-3)


def add(archive, name, content):
    packed = pickle.dumps(content)
    member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
    member.size = len(packed)
    archive.addfile(member, io.BytesIO(packed))


def test_second_use_needs_no_network(mnist_server):
    remote = mnist_server.remote("mnist")
    fetch(remote, IDX_FILES[0])
    mnist_server.requests.clear()
    fetch(remote, IDX_FILES[0])
    assert mnist_server.requests == []


@pytest.mark.slow
def test_interrupted_download_goes_on_where_it_stopped(server):
    server.files = {"large.bin": bytes(range(256)) * 400}
    remote = server.remote("some")
    server.cut_after = 50_000
    path = fetch_until_it_works(remote, "large.bin")
    assert path.read_bytes() == server.files["large.bin"]
    resumed_at = [int(asked[6:-1]) for _, asked in server.requests if asked]
    assert resumed_at
    assert 0 < resumed_at[0] <= 50_000


def fetch_until_it_works(remote, name):
    try:
        return fetch(remote, name)
    except DataUnavailableError:
        return fetch(remote, name)


def test_corrupt_file_in_the_cache_is_fetched_again(mnist_server):
    remote = mnist_server.remote("mnist")
    path = fetch(remote, IDX_FILES[1])
    path.write_bytes(path.read_bytes()[:-3])
    assert fetch(remote, IDX_FILES[1]).read_bytes() == mnist_server.files[IDX_FILES[1]]


@pytest.mark.slow
def test_file_that_arrives_corrupt_is_refused_and_not_kept(server):
    server.files = {"file.bin": b"right"}
    remote = server.remote("some")
    server.files = {"file.bin": b"wrong"}
    with pytest.raises(DataUnavailableError):
        fetch(remote, "file.bin")
    assert [path.name for path in (cache_folder() / "some").iterdir()] == []
    assert len(server.requests) == 2  # once more, in case it was the network's fault


def test_unfinished_download_that_is_rubbish_is_thrown_away(server):
    server.files = {"file.bin": b"right"}
    remote = server.remote("some")
    unfinished = cache_folder() / "some/file.bin.part"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"rubbish, and more of it than the file has")
    assert fetch_until_it_works(remote, "file.bin").read_bytes() == b"right"


@pytest.mark.slow
def test_next_mirror_is_tried(server):
    server.files = {"file.bin": b"right"}
    remote = server.remote("some")
    two = RemoteFiles("some", ("http://127.0.0.1:9/", server.url), remote.checksums)
    assert fetch(two, "file.bin").read_bytes() == b"right"


@pytest.mark.slow
def test_offline_error_names_the_data_that_need_no_network():
    nowhere = RemoteFiles("mnist", ("http://127.0.0.1:9/",), dict.fromkeys(IDX_FILES, "md5:0"))
    with pytest.raises(DataUnavailableError, match=r"digits\(\).*photo_patches\(\)"):
        read_idx_data(nowhere, tuple("0123456789"))
