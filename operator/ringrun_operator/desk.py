"""The operator under `kopf run -m ringrun_operator.handlers`: no election, no health, no options.

For work at a desk, where kopf is the program and brings the watches; what it starts here is a
controller in a thread with a loop of its own. Called by `handlers` alone.
"""

import asyncio
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from ringrun.record.api import Api
from ringrun.spec import load_template
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.act.controller import Controller
from ringrun_operator.names import DEFAULT_IMAGE
from ringrun_operator.objects.settings import Defaults
from ringrun_operator.watch.feed import Feed


class Desk:
    """A controller from `start` to `stop`; objects are handed on to it from kopf's thread.

    SpecError for faults in the file that RINGRUN_DEFAULTS names.
    """

    def __init__(self) -> None:
        file = os.environ.get("RINGRUN_DEFAULTS")
        self._defaults = Defaults(
            image=os.environ.get("RINGRUN_IMAGE") or DEFAULT_IMAGE,
            pull_policy=os.environ.get("RINGRUN_IMAGE_PULL_POLICY") or "IfNotPresent",
            template=load_template(Path(file)) if file else {},
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._feed: Feed | None = None
        self._started = threading.Event()
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="controller", daemon=True)

    def start(self) -> None:
        """Begin; returns when objects can be handed on."""
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """End, and wait for that."""
        if self._loop is not None and self._stop is not None:
            # A loop that is closed has ended by itself, as where there is no cluster.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(5.0)

    def listed(self, kind: str, found: dict[str, Any]) -> None:
        """An object was there at first."""
        assert self._feed is not None
        self._feed.listed(kind, found)

    def changed(self, kind: str, found: dict[str, Any], deleted: bool) -> None:
        """An object was made, changed or deleted."""
        assert self._feed is not None
        self._feed.changed(kind, found, deleted)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            # Whoever waits must not wait for ever; a failure is seen by its traceback.
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with await Api.connect() as api:
            controller = Controller(Cluster(api), self._defaults)
            self._feed = Feed(listed=controller.listed, changed=controller.changed).into(self._loop)
            running = asyncio.ensure_future(controller.run())
            self._started.set()
            stopped = asyncio.ensure_future(self._stop.wait())
            await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
            for task in (running, stopped):
                task.cancel()
            await asyncio.gather(running, stopped, return_exceptions=True)
