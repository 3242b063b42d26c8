"""Whether the API server is there, and allows what the operator has to do: asked all the time.

Run by `operating` beside the terms, for a standby as well. It asks for some rights after others,
which costs a small request every second; for all of them at the start, while one is missing,
and soon after anything was refused: a refusal alone may be a quota's or a policy's.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from typing import Final

from ringrun.record.api import ApiError, Refused
from ringrun_operator.act.cluster import Cluster
from ringrun_operator.act.rights import Right, missing_in_words

EVERY: Final = 3.0
"""Seconds between two portions of questions."""

PORTION: Final = 3
"""Questions in a portion: in one namespace all are asked within half a minute."""

ROUND: Final = 15.0
"""Seconds, at least, between two rounds of all questions that refusals of something else cause."""

REQUEST: Final = 5.0
"""Seconds that an answer may take."""

AT_ONCE: Final = 8
"""Questions of a round that are asked side by side."""


class Reach:
    """What is known of the API server from its answers. `run()` until it is cancelled."""

    def __init__(
        self,
        cluster: Cluster,
        rights: Sequence[Right],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._rights = tuple(rights)
        self._clock = clock
        self._turn = cycle(self._rights)
        self._away = "the API server has not been asked yet"
        self._missing: tuple[Right, ...] = ()
        self._round_at: float | None = None
        self._forbidden = 0
        self._asked_at = clock()
        self._answering_since: float | None = None

    @property
    def fault(self) -> str:
        """What is wrong, in words; empty if it answers and allows everything."""
        return self._away or missing_in_words(self._missing)

    @property
    def answering(self) -> float:
        """Seconds for which every question was answered; a pause of ours begins them anew."""
        now, since = self._clock(), self._answering_since
        return 0.0 if since is None or self._has_paused(now) else now - since

    async def run(self) -> None:
        """Ask."""
        while True:
            await self.ask()
            await asyncio.sleep(EVERY)

    async def ask(self) -> None:
        """A portion of the questions, or a round of all."""
        now = self._clock()
        if self._has_paused(now):
            self._answering_since = None
        whole = self._is_round_due(now)
        forbidden = self._cluster.forbidden
        try:
            refused = await self._refused(self._rights if whole else self._portion())
        except Refused as refusal:
            # It answers, if only that nobody may ask: then the watches have to tell.
            self._away = "" if refusal.status == 403 else f"the API server refuses: {refusal}"
        except ApiError as error:
            # Which question it was is of no interest.
            said = str(error).partition(": ")[2] or str(error)
            self._away = f"the API server {self._cluster.server} is out of reach: {said}"
            self._answering_since = None
            self._asked_at = self._clock()
            return
        else:
            self._away = ""
            if whole:
                self._missing, self._round_at, self._forbidden = refused, now, forbidden
            elif refused:
                # To be told once all are asked: there may be more.
                self._round_at = None
        self._asked_at = self._clock()
        if self._answering_since is None:
            self._answering_since = self._asked_at

    def _portion(self) -> tuple[Right, ...]:
        return tuple(islice(self._turn, min(PORTION, len(self._rights))))

    def _has_paused(self, now: float) -> bool:
        """Whether we were stopped: nobody knows what the API server did meanwhile."""
        return now - self._asked_at > 3.0 * EVERY + REQUEST

    def _is_round_due(self, now: float) -> bool:
        if self._round_at is None or self._missing:
            return True
        return self._cluster.forbidden != self._forbidden and now - self._round_at >= ROUND

    async def _refused(self, rights: Sequence[Right]) -> tuple[Right, ...]:
        """Those of them that this account has not, in their order."""
        room = asyncio.Semaphore(AT_ONCE)

        async def may(right: Right) -> bool:
            async with room:
                return await self._cluster.may(*right, within=REQUEST)

        answers = await asyncio.gather(*(may(right) for right in rights), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return tuple(right for right, answer in zip(rights, answers, strict=True) if not answer)
