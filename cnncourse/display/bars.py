"""Progress bars that leave nothing behind: in a notebook as HTML, not as a widget that the next day cannot be found."""

import html
import sys
from collections.abc import Mapping

from tqdm.std import tqdm

WORDS = "{desc}{n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
NOTHING = {"text/plain": ""}


def progress_bar(*, total: int | None, **options: object) -> tqdm:
    """Return a progress bar, to be used as a context; it disappears when it is closed.

    Args:
        total: how much there is to do, ``None`` if nobody knows.
        options: those of ``tqdm``.

    """
    bar = NotebookBar if _in_notebook() else tqdm
    return bar(total=total, leave=False, **options)


class NotebookBar(tqdm):
    """A progress bar as an output of a notebook's cell."""

    def __init__(self, **options: object) -> None:
        self._output = None
        super().__init__(**options, file=_Nowhere())

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Show how far it is; called by tqdm, not more often than it is worth."""
        from IPython.display import display

        if self._output is None:
            # Empty at first, and only then filled: what a notebook keeps of it does not depend on the machine's speed.
            self._output = display(NOTHING, raw=True, display_id=True)
        self._output.update(self._shown(), raw=True)

    def close(self) -> None:
        """Take the bar away."""
        super().close()
        if self._output is not None:
            self._output.update(NOTHING, raw=True)
            self._output = None

    def _shown(self) -> Mapping[str, str]:
        told = self.format_meter(**self.format_dict | {"bar_format": WORDS})
        share = f' max="{self.total}" value="{self.n}"' if self.total else ""
        bar = f'<progress{share} style="width:320px" aria-label="progress"></progress>'
        return {"text/html": f"{bar} {html.escape(told)}", "text/plain": told}


class _Nowhere:
    """A file that keeps nothing: tqdm writes to it what the notebook shows otherwise."""

    def write(self, _text: str) -> None: ...

    def flush(self) -> None: ...


def _in_notebook() -> bool:
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive else None
    return shell is not None and hasattr(shell, "kernel")
