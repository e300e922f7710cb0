"""What is written down of a training: two tables, and TensorBoard's events where they are wanted."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from cnncourse.full_size.snapshots import write_whole

STEPS, EPOCHS, LEFT_OUT = "steps.csv", "epochs.csv", "left-out.txt"


class Journal:
    """Tables in a folder; what was written after the step that a training goes on from is taken back.

    Args:
        folder: of the run.
        step: number of steps that are done.
        tensorboard: whether TensorBoard's events are written, too.

    Raises:
        ImportError: if TensorBoard is wanted and not installed.

    """

    def __init__(self, folder: Path, step: int, *, tensorboard: bool = False) -> None:
        self.folder = folder
        for name in (STEPS, EPOCHS):
            self._take_back(folder / name, step)
        self._events = _events(folder / "tensorboard", step) if tensorboard else None

    def step(self, step: int, values: Mapping[str, float]) -> None:
        """Write down a step."""
        self._add(STEPS, step, values)
        if self._events is not None:
            for name, value in values.items():
                self._events.add_scalar(f"step/{name}", value, step)

    def epoch(self, step: int, values: Mapping[str, float]) -> None:
        """Write down an epoch."""
        self._add(EPOCHS, step, values)
        if self._events is not None:
            for name, value in values.items():
                self._events.add_scalar(f"epoch/{name}", value, step)
            self._events.flush()

    def close(self) -> None:
        """Write what is left of TensorBoard's events."""
        if self._events is not None:
            self._events.close()

    def _add(self, name: str, step: int, values: Mapping[str, float]) -> None:
        path = self.folder / name
        is_new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            if is_new:
                table.writerow(["step", *values])
            table.writerow([step, *values.values()])

    @staticmethod
    def _take_back(path: Path, step: int) -> None:
        if not path.exists():
            return
        head, *rows = csv.reader(io.StringIO(path.read_text(encoding="utf-8")))
        # A line that a power cut broke off has too few columns.
        kept = [row for row in rows if len(row) == len(head) and int(row[0]) <= step]
        text = io.StringIO()
        csv.writer(text).writerows([head, *kept])
        write_whole(path, lambda unfinished: unfinished.write_text(text.getvalue(), encoding="utf-8", newline=""))


class LeftOut:
    """Pictures that could not be read: each is named once, counted, and written to a file.

    Args:
        folder: of the run.

    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / LEFT_OUT
        self.paths = set(self._file.read_text(encoding="utf-8").splitlines()) if self._file.exists() else set()

    def note(self, broken: tuple[str, ...]) -> None:
        """Take note of what came with a batch: for each image the paths, a line each, that could not be read."""
        new = {path for paths in broken for path in paths.splitlines()} - self.paths
        if not new:
            return
        self.paths |= new
        with self._file.open("a", encoding="utf-8") as file:  # one write each: several processes may add to it
            file.write("".join(f"{path}\n" for path in sorted(new)))
        for path in sorted(new):
            print(f"{path} cannot be read, and is left out", flush=True)


def _events(folder: Path, step: int) -> object:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ImportError(
            "TensorBoard is not installed: pip install -e '.[viz]', or leave --tensorboard out"
        ) from error
    return SummaryWriter(str(folder), purge_step=step + 1)
