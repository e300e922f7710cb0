"""The well-known data sets that are too large to come with the course."""

import gzip
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cnncourse.data.fetching import RemoteFiles, fetch
from cnncourse.data.image_data import ImageData, on_digit_canvas

IDX_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
MNIST = RemoteFiles(
    name="mnist",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    checksums=dict(
        zip(
            IDX_FILES,
            (
                "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "md5:d53e105ee54ea40749a09fcbcd1e9432",
                "md5:9fb629c4189551a2d022fa330f9573f3",
                "md5:ec29112dd5afa0611ce80d1b7f02629c",
            ),
            strict=True,
        )
    ),
)
FASHION_MNIST = RemoteFiles(
    name="fashion-mnist",
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    checksums=dict(
        zip(
            IDX_FILES,
            (
                "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "md5:25c81989df183df01b3e8a0aad5dffbe",
                "md5:bef4ecab320f06d8554ea6380940ec79",
                "md5:bb300cfdad3c16e7a12a480ee83cd310",
            ),
            strict=True,
        )
    ),
)
CIFAR10_ARCHIVE = "cifar-10-python.tar.gz"
CIFAR10 = RemoteFiles(
    name="cifar-10",
    mirrors=("https://www.cs.toronto.edu/~kriz/",),
    checksums={CIFAR10_ARCHIVE: "md5:c58f30108f718f92721af3b95e74349a"},
)
FASHION_CLASSES = (
    "T-shirt",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


def mnist() -> ImageData:
    """Return MNIST (LeCun et al. 1998) as the LeNet-5 paper has it: 28×28 digits on a 32×32 canvas; 11 MB.

    Raises:
        DataUnavailableError: if it is not in the cache and cannot be downloaded.

    """
    return read_idx_data(MNIST, class_names=tuple("0123456789"))


def fashion_mnist() -> ImageData:
    """Return Fashion-MNIST (Xiao, Rasul and Vollgraf 2017) on the same 32×32 canvas as MNIST; 30 MB.

    Raises:
        DataUnavailableError: if it is not in the cache and cannot be downloaded.

    """
    return read_idx_data(FASHION_MNIST, class_names=FASHION_CLASSES)


def cifar10() -> ImageData:
    """Return CIFAR-10 (Krizhevsky 2009), colour images of shape (3, 32, 32) with values from −1 to 1; 170 MB.

    Raises:
        DataUnavailableError: if it is not in the cache and cannot be downloaded.

    """
    return read_cifar_data(CIFAR10)


def read_idx_data(files: RemoteFiles, class_names: tuple[str, ...]) -> ImageData:
    """Fetch and read a data set in the four gzipped IDX files that MNIST introduced.

    Args:
        files: where the four files are.
        class_names: a name for each label.

    """
    train_images, train_labels, test_images, test_labels = (_read_idx(fetch(files, name)) for name in IDX_FILES)
    return ImageData(
        name=files.name,
        class_names=class_names,
        train_images=on_digit_canvas(train_images / 255),
        train_labels=train_labels.long(),
        test_images=on_digit_canvas(test_images / 255),
        test_labels=test_labels.long(),
    )


def read_cifar_data(files: RemoteFiles) -> ImageData:
    """Fetch and read a data set in the Python format of CIFAR-10: an archive of five training batches and a test batch.

    Args:
        files: where the archive is.

    """
    archive = fetch(files, CIFAR10_ARCHIVE)
    train = [_read_cifar_batch(archive, f"data_batch_{number}") for number in range(1, 6)]
    test_images, test_labels = _read_cifar_batch(archive, "test_batch")
    names = _read_cifar_member(archive, "batches.meta")[b"label_names"]
    return ImageData(
        name=files.name,
        class_names=tuple(name.decode() for name in names),
        train_images=torch.cat([images for images, _ in train]),
        train_labels=torch.cat([labels for _, labels in train]),
        test_images=test_images,
        test_labels=test_labels,
    )


def _read_idx(path: Path) -> Tensor:
    """Read an IDX file of bytes: two zeros, a type code, the number of dimensions, their sizes, the bytes."""
    content = gzip.decompress(path.read_bytes())
    dimensions = content[3]
    shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    values = np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * dimensions)
    return torch.from_numpy(values.reshape(shape).copy())


def _read_cifar_batch(archive: Path, member: str) -> tuple[Tensor, Tensor]:
    batch = _read_cifar_member(archive, member)
    images = torch.from_numpy(np.asarray(batch[b"data"])).reshape(-1, 3, 32, 32)
    return images.float() / 127.5 - 1, torch.tensor(batch[b"labels"], dtype=torch.int64)


def _read_cifar_member(archive: Path, member: str) -> dict:
    # The archive's checksum was compared before it came here: unpickling it runs nobody else's code.
    with tarfile.open(archive) as opened:
        return pickle.load(opened.extractfile(f"cifar-10-batches-py/{member}"), encoding="bytes")
