"""A small HTTP server on loopback, in the loop of the test that speaks to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, ParamSpec

from aiohttp import web
from aiohttp.typedefs import Handler

Arguments = ParamSpec("Arguments")

PATIENCE = 0.1
"""Seconds that a server has for answers that it owes when it ends: some never come."""

LONGEST = 30.0
"""Seconds after which what is waited for is taken never to come."""


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """Every request is answered by this, as long as who asked waits; the server's address."""
    app = web.Application(client_max_size=4 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(
        app, access_log=None, handler_cancellation=True, shutdown_timeout=PATIENCE
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        _, port = runner.addresses[0]
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def in_a_loop(
    test: Callable[Arguments, Coroutine[Any, Any, None]],
) -> Callable[Arguments, None]:
    """The test as pytest calls it."""

    @wraps(test)
    def call(*args: Arguments.args, **keywords: Arguments.kwargs) -> None:
        asyncio.run(test(*args, **keywords))

    return call


def free_port() -> int:
    """One that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


async def until(holds: Callable[[], object]) -> None:
    """Returns as soon as this holds."""
    async with asyncio.timeout(LONGEST):
        while not holds():  # noqa: ASYNC110 - what is waited for may be in another thread
            await asyncio.sleep(0.01)
