"""/healthz, /readyz and /metrics of the operator, over plain HTTP inside the cluster.

`operating` says how it is; nothing here looks for itself.
"""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

Check = Callable[[], str]
"""Empty if all is well, else what is not."""


async def serve(
    port: int, healthy: Check, ready: Check, refresh: Callable[[], None]
) -> web.AppRunner:
    """Answer on this port until the runner that is returned is cleaned up."""

    def answer(check: Check) -> Callable[[web.Request], "object"]:
        async def handler(request: web.Request) -> web.Response:
            del request
            fault = check()
            return web.Response(text=fault or "ok", status=503 if fault else 200)

        return handler

    async def metrics(request: web.Request) -> web.Response:
        del request
        refresh()
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.router.add_get("/healthz", answer(healthy))  # type: ignore[arg-type]
    app.router.add_get("/readyz", answer(ready))  # type: ignore[arg-type]
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, None, port).start()
    return runner
