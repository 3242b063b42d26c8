"""What time it is on the cluster, by the answers of its API server."""

import time
from email.utils import formatdate

import pytest
from aiohttp import web
from http_on_loopback import in_a_loop, serving
from kubernetes.aio.client.configuration import Configuration

from ringrun.record.api import Api, Refused


@pytest.mark.parametrize("off", [-360.0, 0.0, 360.0, 86400.0])
def test_the_clock_is_the_servers_whatever_this_machines_says(off: float) -> None:
    """From the first answer on, even if that is a refusal."""

    @in_a_loop
    async def scenario() -> None:
        async def answer(request: web.Request) -> web.Response:
            del request
            date = formatdate(time.time() + off, usegmt=True)
            return web.json_response({"message": "no"}, status=403, headers={"Date": date})

        async with serving(answer) as address:
            configuration = Configuration()
            configuration.host = address
            async with Api(configuration) as api:
                assert abs(api.clock.now() - time.time()) < 1.0
                with pytest.raises(Refused):
                    await api.get("/version")
                assert abs(api.clock.now() - (time.time() + off)) < 1.5

    scenario()
