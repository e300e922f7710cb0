"""A picture's words as shapes, for files that are made without a browser: they need no font, and keep their width."""

from xml.etree import ElementTree

SVG = "http://www.w3.org/2000/svg"
FONT = "DejaVu Sans"  # comes with matplotlib, so that it is there everywhere


def outlined(svg: str) -> str:
    """Return an SVG whose texts are paths, each as wide as its ``textLength``."""
    from matplotlib.textpath import TextToPath

    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(svg)
    letters = TextToPath()
    for parent in root.iter():
        for place, child in enumerate(parent):
            if child.tag == f"{{{SVG}}}text" and child.text:
                parent[place] = _outline(child, letters)
    return ElementTree.tostring(root, encoding="unicode")


def _outline(text: ElementTree.Element, letters: object) -> ElementTree.Element:
    from matplotlib.font_manager import FontProperties

    size = float(text.get("font-size"))
    font = FontProperties(family=FONT, weight=text.get("font-weight", "normal"), size=size)
    vertices, codes = letters.get_text_path(font, text.text, ismath=False)
    natural = letters.get_text_width_height_descent(text.text, font, ismath=False)[0]
    width = float(text.get("textLength", natural))
    left = float(text.get("x")) - {"middle": width / 2, "end": width}.get(text.get("text-anchor"), 0)
    high = size / letters.FONT_SCALE  # pixels for each of a letter's own units
    wide = high * (width / natural if natural else 1)
    path = ElementTree.Element(
        f"{{{SVG}}}path",
        {
            "d": _commands(vertices, codes),
            "transform": f"translate({left:.5g} {text.get('y')}) scale({wide:.5g} {-high:.5g})",
            "aria-label": text.text,
        },
    )
    if text.get("fill"):
        path.set("fill", text.get("fill"))
    return path


def _commands(vertices: object, codes: object) -> str:
    from matplotlib.path import Path

    if not len(vertices):
        return ""
    letter = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
    return "".join(
        letter[code] + ("" if code == Path.CLOSEPOLY else " ".join(f"{value:.4g}" for value in points))
        for points, code in Path(vertices, codes).iter_segments(simplify=False, curves=True)
    )
