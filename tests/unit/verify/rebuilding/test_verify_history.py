"""What a history answers of one slave."""

from ringrun.core.journal_bytes import MAGIC, Encoder
from ringrun.core.notes import Note
from ringrun.verify.reading.log import NO_BASE
from ringrun.verify.reading.reader import read
from ringrun.verify.rebuilding.history import History

APPROVED = [(Note.APPROVED, 1, 3, 0), (Note.APPROVED, 1, 5, 0), (Note.APPROVED, 2, 4, 1)]


def test_approved_is_the_highest_before_a_place_of_the_journal() -> None:
    """Also where a later approval went back; before the first, nothing is approved."""
    history = History(journal=read("s0-1", MAGIC + Encoder().encode(APPROVED, 1.0)), node=(0, 1))
    assert [history.approved_at(place) for place in range(4)] == [0, 3, 5, 5]
    assert history.base is NO_BASE
    assert history.name == "s0-1"
