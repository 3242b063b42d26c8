"""What the operator says of itself over HTTP (health)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from ringrun_operator import health


def well() -> str:
    return ""


def nothing() -> None:
    """Nothing is to be counted anew."""


@asynccontextmanager
async def served(
    healthy: health.Check = well,
    ready: health.Check = well,
    refresh: Callable[[], None] = nothing,
) -> AsyncIterator[aiohttp.ClientSession]:
    """Whoever asks it, on any free port."""
    runner = await health.serve(0, healthy, ready, refresh)
    try:
        # Any free port is one for each family of addresses; those of IPv4 are pairs.
        [port] = [address[1] for address in runner.addresses if len(address) == 2]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            yield session
    finally:
        await runner.cleanup()


async def answer(session: aiohttp.ClientSession, path: str) -> tuple[int, str]:
    async with session.get(path) as response:
        return response.status, await response.text()


@pytest.mark.parametrize("fault", ["", "no watch was answered for 46 s"])
def test_how_it_is_is_said_by_status_and_words(fault: str) -> None:
    """To be ill is not to be unready, nor the other way round."""

    async def scenario() -> None:
        told = (503, fault) if fault else (200, "ok")
        async with served(healthy=lambda: fault) as session:
            assert await answer(session, "/healthz") == told
            assert await answer(session, "/readyz") == (200, "ok")
        async with served(ready=lambda: fault) as session:
            assert await answer(session, "/healthz") == (200, "ok")
            assert await answer(session, "/readyz") == told

    asyncio.run(scenario())


def test_every_question_is_asked_anew() -> None:
    """Nothing is remembered of how it was."""

    async def scenario() -> None:
        faults = ["starting", "", "stopping"]
        async with served(ready=lambda: faults.pop(0)) as session:
            found = [(await answer(session, "/readyz"))[0] for _ in range(3)]
        assert found == [503, 200, 503]

    asyncio.run(scenario())


def test_figures_are_made_new_when_they_are_asked_for_and_only_then() -> None:
    async def scenario() -> None:
        counted: list[str] = []
        async with served(refresh=lambda: counted.append("now")) as session:
            await answer(session, "/healthz")
            assert counted == []
            async with session.get("/metrics") as response:
                assert response.status == 200
                assert response.headers["Content-Type"].startswith("text/plain")
                assert "python_info" in await response.text()
            assert counted == ["now"]

    asyncio.run(scenario())


def test_it_is_asked_and_not_told() -> None:
    """Anything else is not there, and nothing can be written."""

    async def scenario() -> None:
        async with served() as session:
            assert (await answer(session, "/"))[0] == 404
            async with session.post("/healthz") as response:
                assert response.status == 405

    asyncio.run(scenario())


def test_a_port_that_is_taken_is_an_error_at_once() -> None:
    async def scenario() -> None:
        runner = await health.serve(0, well, well, nothing)
        try:
            with pytest.raises(OSError, match="in use"):
                await health.serve(runner.addresses[0][1], well, well, nothing)
        finally:
            await runner.cleanup()

    asyncio.run(scenario())
