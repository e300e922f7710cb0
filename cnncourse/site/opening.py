"""A network's interactive picture without a kernel: the states that some clicks reach, computed beforehand.

Each state, and where a click leads from there, is the explorer's own; the page only looks it up. All combinations of
open blocks would be too many, so a click that leads further than what is listed begins again from the first picture.
"""

from collections import deque
from dataclasses import dataclass, replace

from cnncourse.drawing.explorer import COLOURS, DETAILS, ExplorerState, NetworkExplorer
from cnncourse.drawing.parts import Detail, frames_of
from cnncourse.site.shared import shared

MOST_STATES = 64  # of one network, each in every colouring
BEGUN_AGAIN = (
    "On this page only some blocks can be changed together: the others are as they were at first. JupyterLab keeps "
    "them all."
)
EVERY_LAYER = "Where every layer is shown, blocks fold in JupyterLab only."


@dataclass(frozen=True)
class Opened:
    """A network with states of its picture.

    Attributes:
        states: the first one, all folded, every layer, and then what clicks reach from the first two.
        clicks: for each state, by the call of a block, where a click on it leads.
        begun_again: for each state, the calls whose click does not keep the other blocks as they are.

    """

    states: tuple[ExplorerState, ...]
    clicks: tuple[dict[str, int], ...]
    begun_again: tuple[tuple[str, ...], ...]

    @property
    def content(self) -> dict:
        """What the page's script loads; pictures state by state, each in every colouring."""
        elements, pictures = shared(replace(state, colour=colour).svg for state in self.states for colour in COLOURS)
        return {
            "elements": elements,
            "states": pictures,
            "clicks": self.clicks,
            "begunAgain": self.begun_again,
            "choices": {"detail": DETAILS, "colour": COLOURS},
            "messages": {"begunAgain": BEGUN_AGAIN, "everyLayer": EVERY_LAYER},
        }


def opened(explorer: NetworkExplorer) -> Opened:
    """List states of a network's picture, those that the fewest clicks reach first.

    Args:
        explorer: as the chapter's cell shows it.

    """
    first = explorer.first_state
    states = [first, first.folded(), first.with_detail(every_layer=True)]
    places = {state.drawing.column: place for place, state in reversed(list(enumerate(states)))}
    clicks: dict[int, dict[str, int]] = {2: {}}
    begun_again: dict[int, list[str]] = {}
    known: dict[Detail, ExplorerState] = {}
    came_by: dict[int, set[str]] = {}  # clicks that led to a state: they lead back, if by other names

    def place_of(state: ExplorerState) -> int:
        place = places.setdefault(state.drawing.column, len(states))
        if place == len(states):
            states.append(state)
        return place

    waiting = deque([(0, first), (1, states[1])])
    while waiting:
        place, root = waiting.popleft()
        if place in clicks:
            continue
        clicks[place] = {}
        for frame in frames_of(states[place].drawing.column):
            after, call = states[place].toggled(frame.calls[0]), frame.calls[0]
            is_full = len(states) >= MOST_STATES
            # What is opened for the first time is nowhere listed; what is folded may hide all that differs.
            is_new = frame.body is None and after.drawing.detail not in known and call not in came_by.get(place, ())
            if is_full and (is_new or after.drawing.column not in places):
                after = root.toggled(call)
                begun_again.setdefault(place, []).append(call)
            after = known.setdefault(after.drawing.detail, after)  # its picture is laid out once
            clicks[place][call] = place_of(after)
            came_by.setdefault(clicks[place][call], set()).add(call)
            waiting.append((clicks[place][call], root))
    order = range(len(states))
    return Opened(
        tuple(states),
        tuple(clicks.get(place, {}) for place in order),
        tuple(tuple(begun_again.get(place, ())) for place in order),
    )
