"""Print docs/ring.svg, the README's picture: `python docs/ring.py > docs/ring.svg`.

Each colour stands out from a white page and from a dark one: no reader's settings are asked.
"""

from math import cos, radians, sin

GREY, BLUE, GREEN, AMBER = "#768390", "#3b82d0", "#2f8f55", "#b0761f"
CENTRE, RING, NODE = (165, 170), 115, 31
# Where on the ring slaves 0 to 3 are, in degrees clockwise from the top.
PLACES = (0, 90, 180, 270)
# Messages end at this distance from a node's edge.
GAP = 6

Point = tuple[float, float]


def on_ring(degrees: float) -> Point:
    """A point of the ring."""
    angle = radians(degrees - 90)
    return CENTRE[0] + RING * cos(angle), CENTRE[1] + RING * sin(angle)


def line(start: Point, end: Point, *, colour: str, aside: float = 0, dash: str = "") -> str:
    """An arrow between two nodes, moved to its own right by `aside`."""
    across, down = end[0] - start[0], end[1] - start[1]
    length = (across**2 + down**2) ** 0.5
    along, right = (across / length, down / length), (-down / length, across / length)
    inset = NODE + GAP
    (x1, y1), (x2, y2) = (
        (
            at[0] + way * inset * along[0] + aside * right[0],
            at[1] + way * inset * along[1] + aside * right[1],
        )
        for at, way in ((start, 1), (end, -1))
    )
    return arrow(f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", colour=colour, dash=dash)


def arrow(path: str, *, colour: str, dash: str = "", both: bool = False) -> str:
    """A path with its head; `both` for one at either end."""
    head = f'marker-end="url(#{colour[1:]})"'
    tail = f' marker-start="url(#{colour[1:]})"' if both else ""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8"{dashes} {head}{tail}/>'
    )


def words(x: float, y: float, text: str, *, colour: str = GREY, middle: bool = True) -> str:
    """A line of text."""
    anchor = ' text-anchor="middle"' if middle else ""
    return f'<text x="{x}" y="{y}" fill="{colour}"{anchor}>{text}</text>'


def box(x: float, y: float, *lines: str, dash: str = "") -> str:
    """A master, or the record."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    rect = (
        f'<rect x="{x}" y="{y}" width="130" height="50" rx="8" fill="none" stroke="{GREY}"'
        f' stroke-width="1.8"{dashes}/>'
    )
    first = y + 30 - 9 * (len(lines) - 1)
    return rect + "".join(words(x + 65, first + 18 * n, text) for n, text in enumerate(lines))


def ring() -> list[str]:
    """The slaves, and the arcs along which the turn goes round."""
    shown = []
    for ordinal, place in enumerate(PLACES):
        x, y = on_ring(place)
        shown.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{NODE}" fill="none" stroke="{BLUE}"'
            ' stroke-width="2"/>'
        )
        shown.append(words(round(x, 1), round(y + 5, 1), f"slave {ordinal}", colour=BLUE))
        (x1, y1), (x2, y2) = on_ring(place + 19), on_ring(place + 71)
        arc = f"M{x1:.1f} {y1:.1f}A{RING} {RING} 0 0 1 {x2:.1f} {y2:.1f}"
        shown.append(arrow(arc, colour=GREY, dash="2 5"))
    return shown


def messages() -> list[str]:
    """What slave 0 and the others say about one message, and what the lines mean."""
    top = on_ring(PLACES[0])
    shown = []
    for place in PLACES[1:]:
        other = on_ring(place)
        shown.append(line(top, other, colour=GREEN, aside=7))
        shown.append(line(other, top, colour=AMBER, aside=7, dash="5 4"))
    meaning = (
        (GREEN, "", "slave 0 sends a message to all"),
        (AMBER, "5 4", "all confirm; slave 0 approves, and it counts"),
        (GREY, "2 5", "then it is slave 1's turn, and so on round"),
    )
    for n, (colour, dash, text) in enumerate(meaning):
        y = 45 + 26 * n
        shown.append(arrow(f"M345 {y}H385", colour=colour, dash=dash))
        shown.append(words(397, y + 5, text, middle=False))
    return shown


def masters() -> list[str]:
    """The leader between the ring and the record, and the standby."""
    return [
        box(370, 150, "master m0", "leads"),
        box(370, 230, "master m1", "stands by", dash="5 4"),
        box(600, 190, "the record", "epoch, view, cut"),
        arrow("M366 175H322", colour=GREY, both=True),
        arrow("M504 182L596 204", colour=GREY, both=True),
        arrow("M504 248L596 226", colour=GREY, dash="5 4"),
        words(
            345,
            315,
            "A death is a new view, or epoch, in the record.",
            middle=False,
        ),
    ]


def picture() -> str:
    """The whole of it."""
    heads = "".join(
        f'<marker id="{colour[1:]}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6"'
        f' markerHeight="6" orient="auto-start-reverse">'
        f'<path d="M0 0 8 4 0 8z" fill="{colour}"/></marker>'
        for colour in (GREY, GREEN, AMBER)
    )
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 335" font-size="14"'
        ' font-family="ui-sans-serif, system-ui, sans-serif" role="img" aria-labelledby="t d">',
        '<title id="t">Four slaves on a ring, two masters, and the record</title>',
        '<desc id="d">Slave 0 sends a message to the others, they confirm, it approves; then slave'
        " 1 is next. The leading master installs what is recorded; another stands by.</desc>",
        f"<defs>{heads}</defs>",
        *ring(),
        *messages(),
        *masters(),
        "</svg>",
    ]
    return "\n".join(parts)


if __name__ == "__main__":
    print(picture())
