"""A network's picture that opens: click a block, change the size of the image, colour by cost."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from torch import nn

from cnncourse.display import RUN_IT, bundle, live, still
from cnncourse.drawing.draw import Drawing, draw
from cnncourse.drawing.marks import Shading, Style
from cnncourse.drawing.palette import FRAME_FILL
from cnncourse.drawing.parts import Box, Column, Detail, Frame, boxes_of, frames_of
from cnncourse.drawing.tree import Sequence
from cnncourse.drawing.view import view
from cnncourse.drawing.words import tooltip

DETAILS = ("blocks", "layers")
COLOURS = ("kind", "parameters", "multiply-adds")


@dataclass(frozen=True)
class ExplorerState:
    """What an interactive picture shows.

    Attributes:
        drawing: the network, for images of some size, with some blocks open.
        colour: what boxes are coloured by: "kind", "parameters" or "multiply-adds".

    """

    drawing: Drawing
    colour: str = "kind"

    @property
    def svg(self) -> str:
        """The picture; its blocks and boxes can be reached with the keyboard."""
        most = _most(self.drawing.column, self.colour)
        shading = None if self.colour == "kind" else Shading(self.colour, most)
        return self.drawing.svg_in(Style(fill=_fill(shading), tooltip=tooltip, interactive=True, shading=shading))

    def with_detail(self, **changes: object) -> "ExplorerState":
        """Return the state with other blocks open, or with every layer shown; names are those of ``Detail``."""
        return replace(self, drawing=replace(self.drawing, detail=replace(self.drawing.detail, **changes)))

    def toggled(self, call: str) -> "ExplorerState":
        """Return the state with a block folded if it was open, and opened if it was folded.

        Args:
            call: name of the block's call, as in the picture; blocks that are drawn as one are opened as one.

        """
        frame = next((frame for frame in frames_of(self.drawing.column) if call in frame.calls), None)
        if frame is None:
            return self
        calls, detail = frozenset(frame.calls), self.drawing.detail
        if frame.body is None:
            return self.with_detail(opened=detail.opened | calls, closed=detail.closed - calls)
        return self.with_detail(opened=detail.opened - calls, closed=detail.closed | calls)

    def folded(self) -> "ExplorerState":
        """Return the state with every block folded that is drawn as one."""
        frames = frames_of(view(self.drawing.tree, Detail()))
        return self.with_detail(opened=frozenset(), closed=frozenset(call for frame in frames for call in frame.calls))


class NetworkExplorer:
    """A network's picture, interactive where there is a kernel, still where there is none.

    Args:
        model: any network that ``torch.fx`` can trace.
        input_shape: shape of one image: (channels, height, width).
        title: heading of the picture; the model's class if left out.

    """

    def __init__(self, model: nn.Module, input_shape: tuple[int, int, int], title: str | None = None) -> None:
        self.model, self.input_shape = model, tuple(input_shape)
        self.first_state = ExplorerState(draw(model, self.input_shape, title))

    def __repr__(self) -> str:
        return repr(self.first_state.drawing)

    def _repr_mimebundle_(self, **_options: object) -> Mapping[str, object]:
        drawing = self.first_state.drawing
        return bundle(still(drawing.svg, drawing.alternative_text, RUN_IT), repr(self), live(self.widget()))

    def tree_for(self, size: int) -> Sequence:
        """Take the network apart for square images of another size.

        Raises:
            ValueError: if it does not take them.

        """
        channels, sides = self.input_shape[:1], self.input_shape[1:]
        return draw(self.model, (*channels, *(size for _ in sides)) if sides else (size,)).tree

    def widget(self) -> object:
        """Return the interactive figure, an anywidget."""
        return _widget_class()(self)


def explore(model: nn.Module, input_shape: tuple[int, int, int], title: str | None = None) -> NetworkExplorer:
    """Open a network: click a block to open or fold it, change the image's size, colour by parameters or cost.

    Args:
        model: any network that ``torch.fx`` can trace; it is left as it was.
        input_shape: shape of one image: (channels, height, width).
        title: heading of the picture; the model's class if left out.

    Raises:
        ValueError: if the model cannot be traced or does not take such images.

    """
    return NetworkExplorer(model, input_shape, title)


def _most(column: Column, colour: str) -> int:
    return max((_amount(part, colour) for part in boxes_of(column)), default=0)


def _amount(part: Box | Frame, colour: str) -> int:
    each = (layer.parameters if colour == "parameters" else layer.multiply_adds for layer in part.all_layers)
    return sum(each)


def _fill(shading: Shading | None) -> object:
    def fill(part: Box | Frame) -> str:
        if shading is not None:
            return shading.shade(_amount(part, shading.name))
        return part.kind.fill if isinstance(part, Box) else FRAME_FILL

    return fill


@cache
def _widget_class() -> type:
    """Return the widget's class; made when it is first needed, so that drawing needs no widgets."""
    import anywidget
    import traitlets

    class ExplorerWidget(anywidget.AnyWidget):
        _esm = Path(__file__).with_name("explorer.js")
        _css = Path(__file__).with_name("explorer.css")
        choices = traitlets.Dict().tag(sync=True)
        detail = traitlets.Unicode("blocks").tag(sync=True)
        colour = traitlets.Unicode("kind").tag(sync=True)
        size = traitlets.Int().tag(sync=True)
        request = traitlets.Dict().tag(sync=True)
        svg = traitlets.Unicode().tag(sync=True)
        message = traitlets.Unicode().tag(sync=True)

        def __init__(self, explorer: NetworkExplorer) -> None:
            self._explorer, self._state = explorer, explorer.first_state
            self._size = explorer.input_shape[-1]  # the latest that the network takes
            super().__init__(
                choices={"detail": DETAILS, "colour": COLOURS},
                size=self._size,
                svg=self._state.svg,
            )

        @traitlets.observe("request")
        def _asked(self, change: Mapping[str, object]) -> None:
            request = change["new"]
            if "toggle" in request:
                self._show(self._state.toggled(request["toggle"]))
            elif request.get("fold") == "all":
                self._show(self._state.folded())
            elif request.get("fold") == "none":
                first = self._explorer.first_state
                self._size = self._explorer.input_shape[-1]
                with self.hold_trait_notifications():
                    self.detail, self.colour, self.size = DETAILS[0], first.colour, self._size
                self._show(first)

        @traitlets.observe("detail", "colour")
        def _restyled(self, _change: Mapping[str, object]) -> None:
            state = self._state.with_detail(every_layer=self.detail == "layers")
            self._show(replace(state, colour=self.colour))

        @traitlets.observe("size")
        def _resized(self, change: Mapping[str, object]) -> None:
            if change["new"] == self._size:
                return
            try:
                tree = self._explorer.tree_for(change["new"])
            except ValueError as error:
                self.size, self.message = self._size, str(error)
                return
            self._size = change["new"]
            self._show(replace(self._state, drawing=replace(self._state.drawing, tree=tree)))

        def _show(self, state: ExplorerState) -> None:
            self._state, self.message = state, ""
            self.svg = state.svg

    return ExplorerWidget
