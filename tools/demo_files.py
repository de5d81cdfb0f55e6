"""What the writers of the demonstrations share: the file of data, and the picture without JavaScript.

A picture is drawn inside a page, so its colors are the page's own: names of the style sheet, each with
the color that it has by day.
"""

from html import escape
import json

DAY = {
    "ink": "#1f2933",
    "soft": "#566370",
    "line": "#d5dde5",
    "blue": "#0068a3",
    "red": "#b84e00",
    "green": "#00785a",
    "gold": "#c98a00",
}
FONT = "font-family:system-ui,sans-serif;font-size:{size}px"


def write_data(folder, name, data):
    """Write NAME.data.js, a script that puts the data where the demonstration looks for it.

    Parameters
    ----------
    folder : pathlib.Path
        Of the demonstrations.
    name : str
        Of the demonstration.
    data : dict
        Of what JSON can hold.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    script = f"(window.mfbook = window.mfbook || {{ data: {{}} }}).data.{name} = {text};\n"
    (folder / f"{name}.data.js").write_text(script, encoding="utf-8")


def write_picture(folder, name, size, title, shapes):
    """Write NAME.svg.

    Parameters
    ----------
    folder : pathlib.Path
        Of the demonstrations.
    name : str
        Of the demonstration.
    size : tuple of int
        Width and height.
    title : str
        What the picture shows, in a sentence: its alternative text.
    shapes : iterable of str
        From the functions of this module.
    """
    width, height = size
    space = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {space} role="img">'
    lines = [head, f"<title>{escape(title)}</title>", *shapes, "</svg>"]
    (folder / f"{name}.svg").write_text("\n".join(lines) + "\n", encoding="utf-8")


def color(name):
    """Return the color of the page, with that of the day where there is no style sheet."""
    return f"var(--mf-{name},{DAY[name]})"


def line(points, stroke="line", width=1, dashes="none"):
    """Return a line through points, ``(n, 2)``."""
    where = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    style = f"fill:none;stroke:{color(stroke)};stroke-width:{width};stroke-dasharray:{dashes}"
    return f'<polyline points="{where}" style="{style}"/>'


def text(x, y, words, fill="ink", anchor="start", size=14, weight=400):
    """Return words at a point, the base line of their first letter."""
    style = f"fill:{color(fill)};font-weight:{weight};{FONT.format(size=size)}"
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {where} style="{style}">{escape(words)}</text>'


def bar(x, y, width, height, fill, opacity=1):
    """Return a filled rectangle, its upper left corner at (x, y)."""
    where = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {where} style="fill:{color(fill)};opacity:{opacity}"/>'


def dot(x, y, radius, fill, opacity=1):
    """Return a filled circle around (x, y)."""
    where = f'cx="{x:.1f}" cy="{y:.1f}" r="{radius}"'
    return f'<circle {where} style="fill:{color(fill)};opacity:{opacity}"/>'
