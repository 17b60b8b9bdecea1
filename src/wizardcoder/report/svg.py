"""Matplotlib figures as SVG that lives in a page: its font, its light or dark colours.

A figure is made and drawn inside `drawing()`, in stand-in colours, one for each colour of the
style sheet; `inline` puts the style sheet's variables in their place. One unit of a figure is one
CSS pixel at its natural size.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from markupsafe import Markup

from wizardcoder.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colour variables of style.css that plots use, each with its stand-in.
INK, MUTED, RULE, PAGE, NEUTRAL, EVOLVED, CONTROL = (f"#0000{n:02d}" for n in range(10, 17))
_VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    RULE: "--rule",
    PAGE: "--page",
    NEUTRAL: "--neutral",
    EVOLVED: "--evolved",
    CONTROL: "--control",
}
_PIXELS_PER_INCH = 72  # of matplotlib's SVG, whatever the figure's dpi
_NAMESPACE = re.compile(r"\{.*?\}")
_LINE_END = re.compile(r"\s*[\r\n\u2028\u2029]\s*")
_FONT_FAMILY = re.compile(r"font-family:[^;]*;? ?")


@contextmanager
def drawing() -> Iterator[None]:
    """Within it, figures come out the same whatever the user's matplotlibrc says.

    Raises MissingExtraError when matplotlib is not installed.
    """
    try:
        import matplotlib
    except ModuleNotFoundError:
        raise MissingExtraError("matplotlib", "report") from None
    with matplotlib.rc_context(), warnings.catch_warnings():
        # The browser brings the font: what matplotlib's own font lacks does not matter.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams["svg.fonttype"] = "none"
        matplotlib.rcParams["svg.hashsalt"] = "wizardcoder"
        yield


def new_axes(
    width: float, height: float, *, left: float, right: float, bottom: float, top: float
) -> tuple[Figure, Axes]:
    """A figure of `width` × `height` pixels and its axes, inside margins in pixels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / _PIXELS_PER_INCH, height / _PIXELS_PER_INCH))
    inside = (width - left - right) / width, (height - bottom - top) / height
    axes = figure.add_axes((left / width, bottom / height, *inside))
    axes.set_frame_on(False)
    axes.tick_params(length=0, labelsize=11, labelcolor=MUTED)
    return figure, axes


def label(axes: Axes, x: float, y: float, text: str, **how: Any) -> None:
    """Write a text of the user's: in one line, and never read as a formula."""
    how = {"fontsize": 12, "color": INK, "va": "center_baseline", "parse_math": False, **how}
    axes.text(x, y, _LINE_END.sub(" ", text), **how)


def inline(figure: Figure, name: str, title: str) -> Markup:
    """The figure as an `<svg>` element; its ids begin with `name`, `title` is read aloud.

    The same figure gives the same text.
    """
    file = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    root = ElementTree.fromstring(file.getvalue())
    for definitions in root.findall("{*}defs"):
        for style in definitions.findall("{*}style"):
            definitions.remove(style)  # it would hold for the whole page
    for element in root.iter():
        _adapt(element, name)
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute)
    root.attrib.update({"class": "plot", "role": "img", "aria-label": title})
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _adapt(element: ElementTree.Element, name: str) -> None:
    """Make one element at home in a page with other figures."""
    element.tag = _NAMESPACE.sub("", element.tag)
    old = dict(element.attrib)
    element.attrib.clear()
    for key, value in old.items():
        key = _NAMESPACE.sub("", key)
        if key == "id":
            value = f"{name}-{value}"
        elif key in {"href", "clip-path"}:
            value = value.replace("#", f"#{name}-", 1)
        elif key == "style":
            value = _themed(_FONT_FAMILY.sub("", value))
        element.attrib[key] = value
    element.tail = (element.tail or "").strip() or None
    if element.tag != "text":
        element.text = (element.text or "").strip() or None


def _themed(style: str) -> str:
    for stand_in, variable in _VARIABLES.items():
        style = style.replace(stand_in, f"var({variable})")
    return style
