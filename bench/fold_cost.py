"""What an entry costs inside one slave: drawing, holding and folding it, without any network.

Run by hand (`python bench/fold_cost.py`); one line a step, the best of some rounds, because what
disturbs a round only ever adds to it. BLAS is held to one thread, as it is in a slave.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from collections.abc import Callable
from time import perf_counter

import numpy as np

from ringrun.core.log.entry import BLOCK, Stream
from ringrun.core.log.fold import block_digest, weighted_sum
from ringrun.core.log.log import Log

ROUNDS = 15
CAPACITY = 32 * BLOCK


def best(step: Callable[[], object], calls: int) -> float:
    """Seconds a call takes, in the best round."""
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        for _ in range(calls):
            step()
        times.append((perf_counter() - start) / calls)
    return min(times)


def show(what: str, seconds: float, entries: int) -> None:
    print(f"{what:<44}{seconds / entries * 1e9:9.2f} ns an entry{seconds * 1e6:10.2f} us a call")


def draws() -> None:
    at = {"k": 1}
    stream = Stream(0, 1)
    for count in (1, 64, 1024, BLOCK):

        def take(count: int = count) -> None:
            stream.take(at["k"], count)
            at["k"] += count

        show(f"draw {count}", best(take, max(20, 20000 // count)), count)

    def block_of_scalars() -> None:
        k = at["k"]
        at["k"] = k + BLOCK
        one = stream.one
        for number in range(k, k + BLOCK):
            one(number)

    show("draw one by one", best(block_of_scalars, 1), BLOCK)


def parts() -> None:
    numbers = Stream(0, 1).take(1, BLOCK)
    show("exact sum of a block", best(lambda: weighted_sum(BLOCK, numbers), 100), BLOCK)
    for runs in (2, 64, BLOCK):
        hashed = bytes(24 * runs)
        show(
            f"SHA-256 of a block of {runs} runs",
            best(lambda hashed=hashed: block_digest(bytes(32), hashed, numbers), 100),
            BLOCK,
        )


class Filler:
    """Fills a log again and again in one way, timing holding and folding apart."""

    def __init__(self, count: int, stations: int) -> None:
        self.log = Log(CAPACITY)
        self.count = count
        self.stations = stations
        self.k = 1
        self.numbers = np.frombuffer(Stream(0, 1).take(1, count * stations).tobytes(), np.uint64)
        self.bytes = self.numbers.tobytes()
        self.values = self.numbers.tolist()
        self.holding: list[float] = []
        self.folding: list[float] = []

    def train(self) -> None:
        batches = [(sender, self.k, self.count) for sender in range(self.stations)]
        self.log.append_batches(batches, self.bytes)
        self.k += self.count

    def window(self) -> None:
        log, size = self.log, self.count * 8
        for sender in range(self.stations):
            part = memoryview(self.bytes)[sender * size : (sender + 1) * size]
            log.offer(log.held + 1, sender, self.k, part)
        self.k += self.count

    def lockstep(self) -> None:
        append_one, k, stations = self.log.append_one, self.k, self.stations
        for at, u in enumerate(self.values):
            append_one(at % stations, k + at // stations, u)
        self.k += self.count

    def measure(self, what: str, way: Callable[["Filler"], None]) -> None:
        entries = self.count * self.stations
        calls = max(1, CAPACITY // 2 // entries)
        for _ in range(ROUNDS):
            start = perf_counter()
            for _ in range(calls):
                way(self)
            self.holding.append((perf_counter() - start) / calls)
            self.log.approve(self.log.held)
            start = perf_counter()
            blocks = self.log.fold()
            self.folding.append((perf_counter() - start) / blocks)
            self.log.checkpoints()
        show(f"hold, {what}", min(self.holding), entries)
        show("  fold of it", min(self.folding), BLOCK)


def pointers() -> None:
    log = Log(CAPACITY)
    log.append(0, 1, bytes(8 * BLOCK))
    ready = iter(range(1, BLOCK))
    times = []
    for _ in range(10):
        start = perf_counter()
        for _ in range(400):
            log.approve(next(ready))
        times.append((perf_counter() - start) / 400)
    show("approve", min(times), 1)


def small() -> None:
    show("Log() of 16 blocks", best(lambda: Log(16 * BLOCK), 200), 1)
    show("Log() of 1 block", best(lambda: Log(BLOCK), 200), 1)
    log = Log(BLOCK)
    for index in range(1, 101):
        log.append_one(index % 4, index // 4 + 1, 2**53)
    log.approve(50)
    show("totals of 50 entries", best(log.totals, 200), 50)
    show("snapshot of 50 entries", best(log.snapshot, 200), 50)
    snapshot = log.snapshot()
    show("log from that snapshot", best(lambda: Log(BLOCK, snapshot), 200), 50)


def main() -> None:
    draws()
    parts()
    Filler(BLOCK, 4).measure("train of 4 x 4096", Filler.train)
    Filler(64, 4).measure("train of 4 x 64", Filler.train)
    Filler(1024, 4).measure("window, bursts of 1024", Filler.window)
    Filler(64, 4).measure("window, bursts of 64", Filler.window)
    Filler(1024, 4).measure("lockstep", Filler.lockstep)
    pointers()
    small()


if __name__ == "__main__":
    main()
