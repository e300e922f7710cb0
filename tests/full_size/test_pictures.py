"""What a folder holds is read as it is, and what is wrong with it is said."""

import shutil

import pytest
import torch

from cnncourse.data.preprocessing import Preprocessing
from cnncourse.full_size.augmentation import Augmentation
from cnncourse.full_size.pictures import (
    UNREADABLE,
    Batches,
    TrainingPictures,
    ValidationPictures,
    read_both_folders,
    read_folder,
)
from tests.full_size.pictures import CLASSES, write_pictures

RULE = Preprocessing(32, 36)


@pytest.fixture
def root(tmp_path):
    return write_pictures(tmp_path / "pictures", training=4, validation=2)


def test_a_folder_a_class_in_order(root):
    training, validation = read_both_folders(root)
    assert training.classes == validation.classes == CLASSES
    assert training.labels == (0,) * 4 + (1,) * 4 + (2,) * 4
    assert repr(validation).endswith("val: 6 pictures of 3 classes")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda root: shutil.rmtree(root), "there is no folder"),
        (lambda root: shutil.rmtree(root / "val"), "should hold two folders, train and val"),
        (lambda root: shutil.rmtree(root / "val/dots"), "no folders of 1 classes of .*train: dots"),
        (lambda root: (root / "val/dots").rename(root / "val/dotz"), "does not know: dotz. Is a label misspelt"),
        (lambda root: (root / "train/none").mkdir(), "folders without pictures: none"),
        (lambda root: [shutil.rmtree(path) for path in (root / "train").iterdir()], "has no folders of classes"),
    ],
    ids=["no folder", "one of two", "a class missing", "a class misspelt", "an empty class", "no classes"],
)
def test_what_is_wrong_with_a_folder_is_said(root, spoil, said):
    spoil(root)
    with pytest.raises(ValueError, match=said):
        read_both_folders(root)


def test_a_picture_that_cannot_be_read_gives_its_place_to_the_next(root):
    (root / "train/across/003.png").write_bytes(b"broken")
    folder = read_folder(root / "train")
    pictures = TrainingPictures(folder, RULE, Augmentation(), seed=0)
    image, label, broken = pictures[0, 3]
    assert torch.equal(image, pictures[0, 4][0])
    assert label == 1
    assert broken == folder.paths[3]


def test_of_a_folder_of_broken_pictures_it_is_said(root):
    for path in (root / "train").rglob("*.png"):
        path.write_bytes(b"broken")
    with pytest.raises(ValueError, match=r"no picture of .* can be read"):
        TrainingPictures(read_folder(root / "train"), RULE, Augmentation(), seed=0)[0, 0]


def test_a_picture_that_cannot_be_read_is_not_judged(root):
    (root / "val/across/000.png").write_bytes(b"broken")
    folder = read_folder(root / "val")
    image, label, broken = ValidationPictures(folder, RULE)[0]
    assert (label, broken) == (UNREADABLE, folder.paths[0])
    assert image.shape == (1, 3, 32, 32)
    assert ValidationPictures(folder, RULE, crops=10)[1][0].shape == (10, 3, 32, 32)


def test_changes_depend_on_seed_epoch_and_picture_alone(root):
    folder = read_folder(root / "train")
    one, same, other = (TrainingPictures(folder, RULE, Augmentation(area=(0.1, 1)), seed) for seed in (0, 0, 1))
    one[0, 0]
    assert torch.equal(one[3, 5][0], same[3, 5][0])
    assert not torch.equal(one[3, 5][0], one[4, 5][0])
    assert not torch.equal(one[3, 5][0], other[3, 5][0])


def batches(**changed):
    usual = {"pictures": 11, "batch_size": 4, "parts": 1, "rank": 0, "processes": 1}
    return list(Batches(**usual | {"first_step": 0, "last_step": 6, "seed": 0} | changed))


def test_every_picture_comes_once_an_epoch_but_for_what_fills_no_batch():
    epochs = batches()
    assert len(epochs) == 6
    for number in range(3):
        places = [place for batch in epochs[2 * number : 2 * number + 2] for _, place in batch]
        assert len(set(places)) == 8
        assert {epoch for batch in epochs[2 * number : 2 * number + 2] for epoch, _ in batch} == {number}
    assert epochs[0] != [(0, place) for _, place in epochs[2]]


def test_processes_and_parts_share_the_batches_of_one():
    alone = batches()
    for changed in ({"processes": 2}, {"parts": 2}):
        shares = [batches(**changed, rank=rank) for rank in range(changed.get("processes", 1))]
        if "parts" in changed:
            together = [shares[0][place] + shares[0][place + 1] for place in range(0, 12, 2)]
        else:
            together = [first + second for first, second in zip(*shares, strict=True)]
        assert together == alone


def test_a_later_step_begins_where_it_would_have_come():
    assert batches(first_step=3) == batches()[3:]
