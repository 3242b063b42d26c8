"""The way to an API server as a kubeconfig says it: for our own requests and for kopf's alike."""

import asyncio
import json
import logging
import ssl
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web
from http_on_loopback import in_a_loop

from ringrun import __version__
from ringrun.record.access import Access
from ringrun.record.api import Api, NoCluster, Refused

PATH = "/api/v1/namespaces/lab/configmaps/a"


@dataclass(kw_only=True)
class Server:
    """Tells what it was shown; a token that is in `refused` it answers with 401."""

    shown: list[str] = field(default_factory=list)
    agents: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    async def answer(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "")
        self.shown.append(token)
        self.agents.append(request.headers["User-Agent"])
        if token in self.refused:
            return web.json_response({"message": "Unauthorized"}, status=401)
        return web.json_response({"metadata": {"name": "a", "resourceVersion": "1"}})


@asynccontextmanager
async def serving(server: Server, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def proxy() -> AsyncIterator[tuple[str, list[str]]]:
    """One to which every name leads to this machine: its address, and what it was asked."""
    asked: list[str] = []

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split()
        asked.append(f"{method} {target}")
        if method == "CONNECT":
            port = int(target.rpartition(":")[2])
        else:
            port = int(target.split("/")[2].rpartition(":")[2])
        there, back = await asyncio.open_connection("127.0.0.1", port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            back.write(head.replace(target.encode(), b"/" + target.split("/", 3)[3].encode(), 1))
        async with asyncio.TaskGroup() as group:
            group.create_task(pump(reader, back))
            group.create_task(pump(there, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def kubeconfig(folder: Path, cluster: dict[str, Any], user: dict[str, Any] | None = None) -> str:
    path = folder / "config"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": cluster}],
        "users": [{"name": "me", "user": user or {}}],
    }
    path.write_text(yaml.safe_dump(document))
    return str(path)


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A program that gives `token-1`, `token-2` ..., as often as it is asked."""

    path: Path

    @property
    def runs(self) -> int:
        return len(self.path.with_suffix(".runs").read_text()) if self.said else 0

    @property
    def said(self) -> bool:
        return self.path.with_suffix(".runs").exists()

    @property
    def user(self) -> dict[str, Any]:
        api = "client.authentication.k8s.io/v1"
        return {"exec": {"apiVersion": api, "command": str(self.path)}}

    def break_off(self) -> None:
        """From now on it fails."""
        self.path.write_text(f"#!{sys.executable}\nraise SystemExit('log in again')\n")


def plugin(folder: Path, life: float | None) -> Plugin:
    """Its tokens live so many seconds; None: nothing is said of that."""
    path = folder / "plugin"
    path.write_text(
        f"""#!{sys.executable}
import datetime, json, pathlib
runs = pathlib.Path({str(path.with_suffix(".runs"))!r})
with runs.open("a") as file:
    file.write("x")
life = {life!r}
end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=life or 0)
status = {{"token": f"token-{{len(runs.read_text())}}"}}
if life is not None:
    status["expirationTimestamp"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
print(json.dumps(
    {{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}}
))
"""
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return Plugin(path=path)


async def by_kopf(api: Api, *urls: str) -> None:
    """Requests as kopf's are: by a session of its own, in a thread with a loop of its own."""

    async def ask() -> None:
        async with await api.session(aiohttp.TraceConfig()) as session:
            for url in urls:
                async with session.get(f"{url}{PATH}") as answer:
                    await answer.read()

    await asyncio.to_thread(asyncio.run, ask())


@asynccontextmanager
async def by_plugin(folder: Path, url: str, program: Plugin) -> AsyncIterator[Api]:
    async with await Api.connect(kubeconfig(folder, {"server": url}, program.user)) as api:
        yield api


class Clock:
    """Both clocks of an Access, moved by hand."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._real = datetime.now(UTC).timestamp()

    def monotonic(self) -> float:
        return 1000.0 + self.ahead

    def wall(self) -> float:
        return self._real + self.ahead


def set_clock(api: Api) -> Clock:
    """From the moment in which the credentials were read."""
    clock = Clock()
    access: Any = api._access
    access._clock, access._wall = clock.monotonic, clock.wall
    access._read_at = clock.monotonic()
    access._due = access._due_at()
    return clock


# A plugin's tokens


@in_a_loop
async def test_a_token_that_lives_a_minute_is_replaced_before_its_end(tmp_path: Path) -> None:
    """By one run of the plugin, for our requests and kopf's; until then no run is needed."""
    server, program = Server(), plugin(tmp_path, 60.0)
    async with serving(server) as url, by_plugin(tmp_path, url, program) as api:
        clock = set_clock(api)
        await api.get(PATH)
        clock.ahead = 40.0
        await api.get(PATH)
        await by_kopf(api, url)
        clock.ahead = 55.0
        await by_kopf(api, url, url)
        await asyncio.gather(*(api.get(PATH) for _ in range(8)))
    assert server.shown == ["Bearer token-1"] * 3 + ["Bearer token-2"] * 10
    assert program.runs == 2


@in_a_loop
async def test_a_token_that_is_refused_is_replaced_and_the_request_said_again(
    tmp_path: Path,
) -> None:
    """As by kubectl: a plugin need not say when its tokens end."""
    server, program = Server(), plugin(tmp_path, None)
    async with serving(server) as url, by_plugin(tmp_path, url, program) as api:
        clock = set_clock(api)
        clock.ahead = 7200.0
        await api.call("POST", PATH, {"data": {"a": "b"}})
        server.refused = {"Bearer token-1"}
        await api.call("POST", PATH, {"data": {"a": "b"}})
        server.refused = {"Bearer token-1", "Bearer token-2"}
        await by_kopf(api, url)
    assert server.shown == [f"Bearer token-{n}" for n in (1, 1, 2, 2, 3)]
    assert program.runs == 3


@in_a_loop
async def test_a_plugin_that_fails_later_leaves_the_old_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be good yet; the plugin's words are logged, and it is not run with every request."""
    server, program = Server(), plugin(tmp_path, 60.0)
    async with serving(server) as url, by_plugin(tmp_path, url, program) as api:
        clock = set_clock(api)
        program.break_off()
        clock.ahead = 61.0
        for _ in range(3):
            await api.get(PATH)
        server.refused = {"Bearer token-1"}
        with pytest.raises(Refused):
            await api.get(PATH)
    assert set(server.shown) == {"Bearer token-1"}
    said = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert len(said) == 1
    assert said[0].startswith("the credentials could not be renewed: exec: process returned 1")
    assert "log in again" in said[0]


@in_a_loop
async def test_a_plugin_that_fails_at_once_is_told_in_one_line(tmp_path: Path) -> None:
    """Rather than that every request is refused, by an account that nobody named."""
    program = plugin(tmp_path, 60.0)
    program.break_off()
    file = kubeconfig(tmp_path, {"server": "http://127.0.0.1:1"}, program.user)
    with pytest.raises(NoCluster) as caught:
        await Api.connect(file)
    words = str(caught.value)
    assert words.startswith(f"kubeconfig {file}: the plugin {program.path} failed: ")
    assert "log in again" in words
    assert "\n" not in words


@in_a_loop
async def test_a_token_in_a_file_is_read_again_every_minute(tmp_path: Path) -> None:
    """Whoever wrote the kubeconfig replaces it there."""
    server, token = Server(), tmp_path / "token"
    token.write_text("one")
    async with serving(server) as url:
        file = kubeconfig(tmp_path, {"server": url}, {"tokenFile": str(token)})
        async with await Api.connect(file) as api:
            clock = set_clock(api)
            await api.get(PATH)
            token.write_text("two")
            clock.ahead = 30.0
            await api.get(PATH)
            clock.ahead = 61.0
            await by_kopf(api, url)
            await api.get(PATH)
    assert server.shown == ["Bearer one"] * 2 + ["Bearer two"] * 2


# Proxies and names


def both(
    tmp_path: Path, cluster: dict[str, Any], user: dict[str, Any] | None = None
) -> Callable[[str], Awaitable[None]]:
    """A request of ours and one of kopf's, to the server of a kubeconfig with this in it."""

    async def ask(url: str) -> None:
        file = kubeconfig(tmp_path, {"server": url, **cluster}, user)
        async with await Api.connect(file) as api:
            await api.get(PATH)
            await by_kopf(api, url)

    return ask


@in_a_loop
async def test_the_proxy_of_a_kubeconfig_is_used_by_all(tmp_path: Path) -> None:
    """And every request says who asks."""
    server = Server()
    async with serving(server) as url, proxy() as (address, asked):
        await both(tmp_path, {"proxy-url": address})(url)
    assert asked == [f"GET {url}{PATH}"] * 2
    assert server.agents == [f"ringrun/{__version__}"] * 2


@pytest.mark.parametrize(
    ("spared", "goes_by_proxy"),
    [
        ("", True),
        ("example.org,10.0.0.0/8", True),
        ("127.0.0.1", False),
        ("example.org, 127.0.0.0/8", False),
        ("::1/128,127.0.0.1/32", False),
        ("*", False),
    ],
)
def test_the_proxy_of_the_environment_is_used_but_for_what_is_spared(
    spared: str, goes_by_proxy: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_PROXY may have networks in it, as it has where clusters are described."""
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    @in_a_loop
    async def scenario() -> None:
        server = Server()
        async with serving(server) as url, proxy() as (address, asked):
            monkeypatch.setenv("http_proxy", address)
            monkeypatch.setenv("NO_PROXY", spared)
            await both(tmp_path, {})(url)
        assert len(asked) == (2 if goes_by_proxy else 0)
        assert len(server.shown) == 2

    scenario()


@pytest.mark.parametrize("address", ["socks5://127.0.0.1:1", "127.0.0.1:3128"])
def test_a_proxy_that_cannot_be_used_is_told_in_one_line(address: str, tmp_path: Path) -> None:
    """Before anything is asked for."""

    @in_a_loop
    async def scenario() -> None:
        file = kubeconfig(tmp_path, {"server": "http://127.0.0.1:1", "proxy-url": address})
        with pytest.raises(NoCluster) as caught:
            await Api.connect(file)
        assert str(caught.value) == (
            f"kubeconfig {file}: proxy-url must begin with http:// or https://, got {address}"
        )

    scenario()


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """Of an authority, of a server that is called api.internal, and of a client of it."""

    folder: Path

    def server(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.file("ca.pem"))
        context.load_cert_chain(self.file("server.pem"), self.file("server.key"))
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def file(self, name: str) -> str:
        return str(self.folder / name)

    @property
    def cluster(self) -> dict[str, str]:
        return {"certificate-authority": self.file("ca.pem"), "tls-server-name": "api.internal"}

    @property
    def user(self) -> dict[str, str]:
        return {
            "client-certificate": self.file("client.pem"),
            "client-key": self.file("client.key"),
        }


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    ca = (
        "-addext",
        "basicConstraints=critical,CA:TRUE",
        "-addext",
        "keyUsage=critical,keyCertSign",
    )
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca", *ca)
    for name in ("server", "client"):
        openssl(
            *("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem"),
            *("-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:api.internal"),
            *("-addext", "basicConstraints=critical,CA:FALSE"),
            *("-CA", "ca.pem", "-CAkey", "ca.key"),
        )
    return Certificates(folder=folder)


@pytest.mark.parametrize("by_proxy", [False, True])
def test_a_server_is_known_by_the_name_that_the_kubeconfig_gives(
    by_proxy: bool, certificates: Certificates, tmp_path: Path
) -> None:
    """It is reached by an address that is not in its certificate, and wants one of its clients."""

    @in_a_loop
    async def scenario() -> None:
        server = Server()
        async with serving(server, certificates.server()) as url, proxy() as (address, asked):
            further = {"proxy-url": address} if by_proxy else {}
            cluster = {**certificates.cluster, **further}
            await both(tmp_path, cluster, certificates.user)(url)
        assert len(server.shown) == 2
        assert len(asked) == (2 if by_proxy else 0)

    scenario()


@in_a_loop
async def test_another_name_is_not_that_server(certificates: Certificates, tmp_path: Path) -> None:
    """Nobody is believed to be the server for its address alone."""
    server = Server()
    async with serving(server, certificates.server()) as url:
        cluster = {"server": url, **certificates.cluster, "tls-server-name": "other.internal"}
        async with await Api.connect(kubeconfig(tmp_path, cluster, certificates.user)) as api:
            with pytest.raises(Exception, match=r"other\.internal"):
                await api.get(PATH)
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await by_kopf(api, url)
    assert server.shown == []


@in_a_loop
async def test_a_plugins_certificates_are_replaced_too(
    certificates: Certificates, tmp_path: Path
) -> None:
    """A plugin may give a certificate instead of a token; new connections show the new one."""
    status = {
        "clientCertificateData": (certificates.folder / "client.pem").read_text(),
        "clientKeyData": (certificates.folder / "client.key").read_text(),
        "expirationTimestamp": (datetime.now(UTC) + timedelta(seconds=60)).isoformat(),
    }
    kind = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential"}
    program = plugin(tmp_path, 60.0)
    program.path.write_text(
        f"#!{sys.executable}\nopen({str(program.path.with_suffix('.runs'))!r}, 'a').write('x')\n"
        f"print({json.dumps({**kind, 'status': status})!r})\n"
    )
    server = Server()
    async with serving(server, certificates.server()) as url:
        cluster = {"server": url, **certificates.cluster}
        async with await Api.connect(kubeconfig(tmp_path, cluster, program.user)) as api:
            clock = set_clock(api)
            await by_kopf(api, url)
            clock.ahead = 61.0
            await api.get(PATH)
            await by_kopf(api, url)
    assert len(server.shown) == 3
    assert program.runs == 2


def test_what_is_made_in_a_pod_needs_no_loader() -> None:
    """Its token's file is the library's, which reads it every minute."""
    with pytest.raises(Exception, match="Service host/port is not set"):
        Access.in_cluster()
