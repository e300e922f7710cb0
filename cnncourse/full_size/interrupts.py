"""Ctrl-C and SIGTERM ask a training to stop at the next step, and not in the middle of one."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether somebody asked to stop, and by which signal."""

    def __init__(self) -> None:
        self.by: int | None = None

    def __bool__(self) -> bool:
        return self.by is not None

    @property
    def exit_status(self) -> int:
        """What a process ends with that a signal has ended: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.by or signal.SIGTERM)

    def ask(self, number: int, _frame: FrameType | None) -> None:
        """Take note of a signal; who asks twice does not want to wait."""
        if self.by is not None:
            raise KeyboardInterrupt
        self.by = number


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Take note of Ctrl-C and SIGTERM inside this block, and leave them as they were."""
    request = StopRequest()
    before = {number: signal.signal(number, request.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
