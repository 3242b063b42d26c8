"""How a slave obeys a command: in which order its views and its clock move.

Called by `core.slave.slave` for a command that `standing` says is to be obeyed. A view is entered
before the clock is started, and the clock is started before an answer says how long ago that was.
"""

from ringrun.core.messages import Close, Command, Install, Kick, Meet, Sync, Wedge
from ringrun.core.phase import Phase
from ringrun.core.record import Record
from ringrun.core.slave.course import Course
from ringrun.core.slave.position import Position
from ringrun.core.slave.views import Arrival, Views


class Obedience:
    """Stateless: it only orders what the two do."""

    __slots__ = ("_at", "_course", "_views")

    def __init__(self, *, at: Position, views: Views, course: Course) -> None:
        self._at = at
        self._views = views
        self._course = course

    def obey(self, message: Command, now: float) -> bool:
        """Do what the command says; whether the turn is this slave's now (a kickstart)."""
        if isinstance(message, Meet):
            self._views.meet(message)
        elif isinstance(message, Wedge):
            self._wedge(message, now)
        elif isinstance(message, Sync):
            self._views.sync(message)
        elif isinstance(message, Install):
            self._install(message, now)
        elif isinstance(message, Close):
            self._course.close(message, now)
        elif isinstance(message, Kick) and message.view == self._at.view:
            self._course.start(message.elapsed, now)
            return self._views.kick(message, now)
        return False

    def _wedge(self, message: Wedge, now: float) -> None:
        record = message.record
        if record.view > self._at.view:
            self._views.arrive(record, now)
        if self._at.view and record.view == self._at.view:
            # A slave that was never told GO ends with the others all the same.
            self._go(record, message.elapsed, now)
            self._views.wedge(message, now)

    def _install(self, message: Install, now: float) -> None:
        arrival = self._views.arrive(message.record, now)
        if arrival is Arrival.THERE:
            self._go(message.record, message.elapsed, now)
            self._views.installed(message, now)
        elif arrival is Arrival.OUTSIDE:
            self._course.left_out(now)

    def _go(self, record: Record, elapsed: float, now: float) -> None:
        if record.phase is not Phase.START:
            self._course.start(elapsed, now)
