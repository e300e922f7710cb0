"""Many pictures that are nearly alike, in a file that is little larger than one: what they share is kept once."""

import base64
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
HOLE = "\0"  # stands in a pattern where a number was
MARK = re.compile(r"<(/?)([\w:-]+)((?:[^<>\"]|\"[^\"]*\")*?)(/?)>")


def shared(pictures: Iterable[str]) -> tuple[list, list[int]]:
    """Take pictures apart into elements, each kept once.

    Args:
        pictures: SVG as text.

    Returns:
        The elements, and for each picture the position of its outermost. An element is a text that stands as it is, or
        a list: its opening tag, and the positions of what is inside.

    Raises:
        ValueError: if a text is not one element and nothing else.

    """
    places: dict[object, int] = {}

    def kept(element: object) -> int:
        return places.setdefault(element, len(places))

    roots = [kept(_element(picture, kept)) for picture in pictures]
    return [element if isinstance(element, str) else list(element) for element in places], roots


def _element(picture: str, kept: object) -> object:
    open_tags: list[list] = [[]]
    end = 0
    for mark in MARK.finditer(picture):
        if mark.start() > end:
            open_tags[-1].append(kept(picture[end : mark.start()]))
        end = mark.end()
        closes, _, _, is_whole = mark.groups()
        if closes and len(open_tags) == 1:
            break
        if closes:
            whole = tuple(open_tags.pop())
            open_tags[-1].append(kept(whole))
        elif is_whole:
            open_tags[-1].append(kept(mark[0]))
        else:
            open_tags.append([mark[0]])
    if len(open_tags) != 1 or len(open_tags[0]) != 1 or end != len(picture):
        raise ValueError(f"this is not one element of SVG: {picture[:60]!r}")
    return whole


def put_together(elements: list, place: int) -> str:
    """Return a picture again, as the site's script does it."""
    element = elements[place]
    if isinstance(element, str):
        return element
    opening, *inside = element
    name = MARK.match(opening)[2]
    return f"{opening}{''.join(put_together(elements, each) for each in inside)}</{name}>"


def packed(name: str, content: Mapping) -> str:
    """Return plain data as a script that a page may load from anywhere, a disk as well.

    Args:
        name: by which the page's script asks for it.
        content: what JSON can hold; its "elements" are those of ``shared``.

    """
    text = json.dumps(
        {**content, "elements": _sorted_out(content["elements"])}, ensure_ascii=False, separators=(",", ":")
    )
    data = base64.b64encode(zlib.compress(text.encode("utf-8"), 9)).decode("ascii")
    return f"cnncourse.arrived({json.dumps(name)},{json.dumps(data)});\n"


def unpacked(script: str) -> dict:
    """Return what ``packed`` has packed, as the site's script does it."""
    data = json.loads(f"[{script[len('cnncourse.arrived(') : -len(');') - 1]}]")[1]
    content = json.loads(zlib.decompress(base64.b64decode(data)))
    return {**content, "elements": _mixed_again(content["elements"])}


def _sorted_out(elements: Sequence) -> dict[str, list]:
    """Return elements with like beside like, which takes a quarter less room once it is compressed.

    Their texts are patterns with holes, and the numbers that fill these are kept column by column.
    """
    patterns: dict[str, int] = {}
    rows: list[list[list[str]]] = []
    kinds = []
    for element in elements:
        text = element if isinstance(element, str) else element[0]
        kind = patterns.setdefault(NUMBER.sub(HOLE, text), len(patterns))
        if kind == len(rows):
            rows.append([])
        rows[kind].append(NUMBER.findall(text))
        kinds.append(kind)
    return {
        "patterns": list(patterns),
        "kinds": kinds,
        "columns": [[" ".join(column) for column in zip(*each, strict=True)] for each in rows],
        "inside": [0 if isinstance(element, str) else element[1:] for element in elements],
    }


def _mixed_again(sorted_out: Mapping[str, list]) -> list:
    rows = [zip(*(column.split(" ") for column in columns), strict=True) for columns in sorted_out["columns"]]
    elements = []
    for kind, inside in zip(sorted_out["kinds"], sorted_out["inside"], strict=True):
        pieces = sorted_out["patterns"][kind].split(HOLE)
        numbers = next(rows[kind], ())
        text = "".join(f"{piece}{number}" for piece, number in zip(pieces, (*numbers, ""), strict=True))
        elements.append(text if inside == 0 else [text, *inside])
    return elements
