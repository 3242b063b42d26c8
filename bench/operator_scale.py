"""What the operator costs beside many finished runs, and how soon it takes a new one up.

    KUBECONFIG=... .venv/bin/python bench/operator_scale.py [--finished 2000] [--active 20]
        [--slaves 8] [--pods] [--quiet 60] [--ring 512] [--namespace ringrun-scale] [--filled]

Makes the objects that the operator itself would have made of so many runs, with made-up pod
statuses, then starts the operator as a process and looks at it from outside: how long a restart
takes and what memory, CPU while nothing changes, and the time from creating a run to its status and
its pods. It wants a control plane alone, with no controllers (README.md says how), and leaves the
objects there: `--filled` measures again.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from made_runs import (
    IMAGE,
    Made,
    at_once,
    fill,
    prepare,
    real_report,
    ring_run,
    say,
    set_status,
    status,
)
from ringrun.record.api import Api, ApiError
from ringrun_operator import names
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.kinds import collection
from ringrun_operator.objects import resources

PORT = 18765


class Process:
    """The operator, and what /proc says of it."""

    def __init__(self, namespace: str, log: Path) -> None:
        command = [sys.executable, "-m", "ringrun_operator", "--namespace", namespace]
        command += ["--kubeconfig", os.environ["KUBECONFIG"], "--no-election"]
        command += ["--port", str(PORT), "--image", IMAGE]
        self._log = log.open("w")
        self.begun = time.monotonic()
        self._process = subprocess.Popen(command, stderr=self._log, stdout=self._log)

    def memory(self, field: str) -> float:
        """VmRSS or VmHWM in MiB."""
        text = Path(f"/proc/{self._process.pid}/status").read_text()
        return next(int(x.split()[1]) for x in text.splitlines() if x.startswith(field)) / 1024

    def cpu(self) -> float:
        """CPU seconds so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ready(self) -> bool:
        """Whether /readyz says so."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/readyz", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False

    async def until_quiet(self, longest: float) -> float:
        """Seconds from its start until it takes less than a twentieth of a core for 3 s."""
        deadline = time.monotonic() + longest
        while time.monotonic() < deadline:
            before, at = self.cpu(), time.monotonic()
            await asyncio.sleep(3.0)
            if await asyncio.to_thread(self.ready) and self.cpu() - before < 0.15:
                return at - self.begun
        say(f"it was not quiet after {longest:.0f} s")
        return longest

    def end(self) -> None:
        """SIGTERM, and wait."""
        self._process.terminate()
        self._process.wait(30)
        self._log.close()


async def taken_up(api: Api, made: Made, name: str, wanted: int) -> tuple[float, float]:
    """Seconds from creating this run to its status, and to its last pod."""
    begun = time.monotonic()
    await Cluster(api).create(ring_run(made, name))
    path = f"{collection(names.KIND, made.namespace)}/{name}"
    shown = 0.0
    while time.monotonic() < begun + 120.0:
        if not shown and (await api.get(path)).get("status", {}).get("conditions"):
            shown = time.monotonic() - begun
        if len(await pods_of(api, made.namespace, name)) >= wanted:
            return shown or time.monotonic() - begun, time.monotonic() - begun
        await asyncio.sleep(0.02)
    raise SystemExit(f"{name} was not taken up within 120 s")


async def pods_of(api: Api, namespace: str, name: str) -> list[dict[str, Any]]:
    """The pods of a run."""
    query = [("labelSelector", f"{names.RUN_LABEL}={name}"), ("resourceVersion", "0")]
    listed = await api.call("GET", collection("Pod", namespace), query=query)
    found: list[dict[str, Any]] = listed["items"]
    return found


async def take_away(api: Api, namespace: str, runs: Iterable[str]) -> None:
    """Delete these runs and what the operator made of them; no controller does."""
    for run in runs:
        await api.call("DELETE", f"{collection(names.KIND, namespace)}/{run}")
        for kind in ("Pod", "ConfigMap", "Lease", "Secret", "ServiceAccount", "Role"):
            query = [("labelSelector", f"{names.RUN_LABEL}={run}"), ("gracePeriodSeconds", "0")]
            await api.call("DELETE", collection(kind, namespace), query=query, within=60.0)


async def ring(api: Api, made: Made, process: Process, slaves: int) -> None:
    """A large run through the operator alone, up to complete orders."""
    large = Made(namespace=made.namespace, slaves=slaves, report={}, pods=True)
    name = f"ring{int(time.time()) % 100_000}"
    cpu = process.cpu()
    shown, made_after = await taken_up(api, large, name, slaves + 2)
    say(f"ring of {slaves}: status after {shown:.2f} s, pods after {made_after:.2f} s")
    found = await pods_of(api, made.namespace, name)
    begun = time.monotonic()

    def running(each: dict[str, Any]) -> Callable[[], Awaitable[None]]:
        node = names.pod_node(name, each["metadata"]["name"])
        assert node is not None

        async def run() -> None:
            await set_status(api, each, status(node, time.time(), ended=False))

        return run

    await at_once(running(each) for each in found)
    told = time.monotonic() - begun
    uid = (await api.get(f"{collection(names.KIND, made.namespace)}/{name}"))["metadata"]["uid"]
    path = f"{collection('ConfigMap', made.namespace)}/{names.orders_name(name, uid)}"
    while True:
        kept = resources.read_orders(await api.get(path))
        if kept is not None and kept[0].complete:
            break
        if time.monotonic() > begun + 120.0:
            raise SystemExit("the orders were not complete after 120 s")
        await asyncio.sleep(0.02)
    complete = time.monotonic() - begun
    await process.until_quiet(30.0)
    print(
        f"ring of {slaves}: pods made {made_after:.2f} s after the run, orders complete "
        f"{max(0.0, complete - told):.2f} s after the last pod ran (told in {told:.2f} s); "
        f"CPU {process.cpu() - cpu:.1f} s, {process.memory('VmRSS'):.0f} MiB, "
        f"peak {process.memory('VmHWM'):.0f} MiB"
    )
    await take_away(api, made.namespace, [name])


async def measure(api: Api, made: Made, options: argparse.Namespace) -> None:
    """Start the operator and look at it."""
    stamp = int(time.time()) % 100_000
    with tempfile.TemporaryDirectory() as folder:
        process = Process(made.namespace, Path(folder) / "log")
        try:
            shown, pods = await taken_up(api, made, f"first{stamp}", made.slaves + 2)
            print(f"restart: a run made meanwhile has its status after {shown:.1f} s, ", end="")
            print(f"its pods after {pods:.1f} s", flush=True)
            quiet = await process.until_quiet(options.patience)
            print(
                f"restart: quiet after {quiet:.0f} s, CPU {process.cpu():.1f} s, "
                f"{process.memory('VmRSS'):.0f} MiB, peak {process.memory('VmHWM'):.0f} MiB",
                flush=True,
            )
            before, at = process.cpu(), time.monotonic()
            await asyncio.sleep(options.quiet)
            used = (process.cpu() - before) / (time.monotonic() - at)
            memory = process.memory("VmRSS")
            print(f"quiet for {options.quiet:.0f} s: {used:.1%} of a core, {memory:.0f} MiB")
            new = [f"new{stamp}-{n}" for n in range(5)]
            times = [await taken_up(api, made, name, made.slaves + 2) for name in new]
            shown, pods = (sorted(each)[2] for each in zip(*times, strict=True))
            print(f"a new run: status after {shown:.2f} s, all pods after {pods:.2f} s", flush=True)
            # They would only fail, and that beside what is measured next.
            await take_away(api, made.namespace, [f"first{stamp}", *new])
            if options.ring:
                await ring(api, made, process, options.ring)
        finally:
            process.end()
            sys.stderr.write((Path(folder) / "log").read_text()[-3000:])


async def bench(options: argparse.Namespace) -> None:
    """All of it."""
    async with await Api.connect(os.environ["KUBECONFIG"]) as api:
        report = {} if options.filled else real_report(options.slaves)
        made = Made(
            namespace=options.namespace, slaves=options.slaves, report=report, pods=options.pods
        )
        if not options.filled:
            await prepare(api, made.namespace)
            await fill(api, made, options.finished, options.active)
        if not options.fill_only:
            await measure(api, made, options)


def main() -> None:
    """By its arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--finished", type=int, default=2000)
    parser.add_argument("--active", type=int, default=20)
    parser.add_argument("--slaves", type=int, default=8)
    parser.add_argument("--pods", action="store_true", help="finished runs keep their pods")
    parser.add_argument("--quiet", type=float, default=60.0)
    parser.add_argument("--patience", type=float, default=240.0)
    parser.add_argument("--ring", type=int, default=0)
    parser.add_argument("--namespace", default="ringrun-scale")
    parser.add_argument("--filled", action="store_true", help="the objects are there already")
    parser.add_argument("--fill-only", action="store_true")
    options = parser.parse_args()
    if "KUBECONFIG" not in os.environ:
        sys.exit("KUBECONFIG names no cluster: bench/README.md says how to make one")
    try:
        asyncio.run(bench(options))
    except ApiError as error:
        sys.exit(f"{error} (is the CRD applied? bench/README.md says how)")


if __name__ == "__main__":
    main()
