"""Data frames from a core to the links, at once, encoded once for all who get them.

Made by `outlet` for each core. On the hot path of every model, hence one closure whose names
are bound once: each frame comes by here on its own, out of cold caches, where every look-up costs
several times what it costs in a loop.
"""

from collections.abc import Callable

from ringrun.core.runner import SlaveCore
from ringrun.runtime.links.link import Link
from ringrun.runtime.links.routes import Routes
from ringrun.runtime.wire.frames import COUNTED, PREAMBLE, VERSION, FrameKind, data_preamble

# A model has few lengths of frames that it sends in one piece.
MOST_PREAMBLES = 1024


class Preambles(dict[int, bytes]):
    """What goes before a data frame's body, by the body's length."""

    def __missing__(self, size: int) -> bytes:
        preamble = PREAMBLE.pack(size + COUNTED, VERSION, int(FrameKind.DATA))
        if len(self) < MOST_PREAMBLES:
            self[size] = preamble
        return preamble


def sender(
    core: SlaveCore, routes: Routes, own: list[bytes], broken: list[Link]
) -> Callable[[], None]:
    """A function that sends what is in `core.frames` and empties it.

    Bodies for the core's own ordinal go to `own`; links that cannot be sent to go to `broken`.
    """
    frames = core.frames
    me = core.node.ordinal
    by_ordinal = routes.by_ordinal
    older = routes.older
    preambles = Preambles()

    def send() -> None:
        for ordinals, parts in frames:
            if len(parts) == 1:
                body = parts[0]
                frame = preambles[len(body)] + body
            else:
                preamble = data_preamble(parts)
                if len(ordinals) == 1 and not older:
                    link = by_ordinal.get(ordinals[0])
                    if link is not None:
                        # One copy less for a train, which has one way to go.
                        if not link.send_parts((preamble, *parts)):
                            broken.append(link)
                        continue
                frame = b"".join((preamble, *parts))
            for ordinal in ordinals:
                link = by_ordinal.get(ordinal)
                if link is None:
                    # Lost if there is no link: HELLO brings it back.
                    if ordinal == me:
                        own.append(frame[PREAMBLE.size :])
                elif link.idle:
                    try:
                        sent = link.give(frame)
                    except OSError as error:
                        if not link.not_given(frame, error):
                            broken.append(link)
                    else:
                        if sent != len(frame):
                            link.keep(frame, sent)
                elif not link.queue_data(frame):
                    broken.append(link)
            if older:
                for node, link in older.items():
                    if node.ordinal in ordinals and not link.send(frame):
                        broken.append(link)
        frames.clear()

    return send
