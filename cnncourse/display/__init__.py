"""What notebooks show: pictures that stay without a kernel, and progress bars that go."""

from cnncourse.display.bars import progress_bar
from cnncourse.display.lettering import escaped, svg_text, text_width
from cnncourse.display.stills import RUN_IT, WIDGET_VIEW, bundle, still
from cnncourse.display.widgets import STATUS, live

__all__ = [
    "RUN_IT",
    "STATUS",
    "WIDGET_VIEW",
    "bundle",
    "escaped",
    "live",
    "progress_bar",
    "still",
    "svg_text",
    "text_width",
]
