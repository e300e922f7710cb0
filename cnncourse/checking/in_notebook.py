"""What a check knows of its notebook: cells that did not run, and code of the learner's that does not end."""

import contextvars
import html
import linecache
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import FrameType

from cnncourse.checking.raised import Raised, describe

PATIENCE = 8.0  # seconds until a check says where it is
NOTHING = {"text/plain": ""}


class StoppedError(KeyboardInterrupt):
    """The learner stopped a check; a notebook shows where the learner's code was, not where the course's was.

    Args:
        where: the line of the learner's code, "" if none was running.

    """

    def __init__(self, where: str) -> None:
        self.where = where
        super().__init__(f"stopped in your line: {where}" if where else "stopped")

    def _render_traceback_(self) -> list[str]:
        if not self.where:
            return ["You stopped the check. Nothing is judged or recorded."]
        return [
            f"You stopped the check in your line:    {self.where}",
            "Nothing is judged or recorded. Does a loop in your code never end?",
        ]


def watch_cells() -> None:
    """From now on, note in this notebook which cells did not run to their end; elsewhere, do nothing."""
    shell = _shell()
    if shell is not None:
        _cells_of(shell)


def why_not_defined(name: str) -> Raised | None:
    """Return the error that ended the cell which was to define something anew, ``None`` if none did."""
    shell = _shell()
    return None if shell is None else _cells_of(shell).failed.get(name)


class _Cells:
    """By the names that they define, the errors of cells that did not run to their end."""

    DEFINITION = re.compile(r"^(?:async\s+)?(?:class|def)\s+(\w+)|^(\w+)\s*=[^=]", re.MULTILINE)

    def __init__(self) -> None:
        self.failed: dict[str, Raised] = {}

    def note(self, result: object) -> None:
        """Note how a cell ended; called by IPython after each."""
        error = result.error_before_exec or result.error_in_exec
        for found in self.DEFINITION.finditer(result.info.raw_cell or ""):
            name = found[1] or found[2]
            if error is None:
                self.failed.pop(name, None)
            else:
                self.failed[name] = _told(error)


@cache
def _cells_of(shell: object) -> _Cells:
    cells = _Cells()
    shell.events.register("post_run_cell", cells.note)
    return cells


def _told(error: BaseException) -> Raised:
    if isinstance(error, SyntaxError):
        return Raised(type(error).__name__, error.msg or "", (error.text or "").strip())
    return describe(error)


@contextmanager
def saying_where_it_is() -> Iterator[None]:
    """Say, after some seconds, which line of the learner's is running, and if it is stopped, in which it was.

    Raises:
        StoppedError: if the learner stops it.

    """
    done = threading.Event()
    # What a thread shows belongs to the cell whose context it has.
    context = contextvars.copy_context()
    watcher = threading.Thread(target=context.run, args=(_watch, threading.get_ident(), done), daemon=True)
    if _shell() is not None:
        watcher.start()
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise StoppedError(_line(frame for frame, _ in traceback.walk_tb(interrupt.__traceback__))) from None
    finally:
        done.set()
        if watcher.ident is not None:
            watcher.join()


def _watch(thread: int, done: threading.Event) -> None:
    """Show where a thread is, as long as it takes."""
    from IPython.display import display

    shown = None
    while not done.wait(PATIENCE):
        where = _line(reversed(list(_stack(sys._current_frames().get(thread)))))
        text = f"Still running in your line {where}" if where else "Still running"
        told = {
            "text/plain": f"{text}; stop it with ■ above.",
            "text/html": f"Still running{f' in your line <code>{html.escape(where)}</code>' if where else ''}; "
            "stop it with ■ above, or by pressing I twice.",
        }
        if shown is None:
            shown = display(told, raw=True, display_id=True)
        else:
            shown.update(told, raw=True)
    if shown is not None:
        shown.update(NOTHING, raw=True)


def _stack(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _line(frames: Iterator[FrameType]) -> str:
    """Return the innermost line of the learner's, "" if there is none; frames are given from the outermost on."""
    own = [frame for frame in frames if frame.f_globals.get("__name__") == "__main__" and _is_function(frame)]
    return linecache.getline(own[-1].f_code.co_filename, own[-1].f_lineno).strip() if own else ""


def _is_function(frame: FrameType) -> bool:
    return frame.f_code.co_name != "<module>"  # that is the cell which asked for the check


def _shell() -> object | None:
    interactive = sys.modules.get("IPython")
    return interactive.get_ipython() if interactive else None
