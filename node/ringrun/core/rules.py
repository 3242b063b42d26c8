"""The safeguards of docs/protocol.md as switches, for the simulation alone.

A real run always has all of them. The simulation switches one off to show that the checker then
finds what the rule is there for. Each has with it what happens without it: `ringrun simulate
--without help` prints these sentences, and the page's last table is held to them.
"""

from dataclasses import dataclass, field, fields
from typing import Any, Final


def _or(without: str) -> Any:
    """A rule in force, or, if it is switched off, this."""
    return field(default=True, metadata={"without": without})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Each True is a rule in force. A to D are slaves, C2 is C's next incarnation, L and M are
    masters."""

    sync_before_record: bool = _or(
        "Only A holds entry 1; view {A, B} with cut 1 is recorded; A approves 1 and dies before B"
        " has fetched it; 1 is issued again with another content."
    )
    wedged_confirms_nothing: bool = _or(
        'B and C answer "hold 0"; then A\'s entry 1 arrives and is confirmed; A, which is left '
        "out, approves it; the next view begins at 0."
    )
    wedge_is_final: bool = _or(
        "B and C have answered, the write of view 2 with cut 0 is slow, and they are told to go "
        "on in view 1: entry 1 is approved, and then the write succeeds."
    )
    read_back: bool = _or(
        "A write that timed out is taken for done: the slaves go on in a view that nobody recorded."
    )
    epoch_by_same_write: bool = _or(
        "L and M both stand for the free lease, and both lead in one epoch."
    )
    stop_on_conflict: bool = _or(
        "L's lease was freed though L lives. L reads that M leads, takes the new version for its "
        "own, and writes its old view over M's epoch."
    )
    silent_once_stopped: bool = _or(
        "L reaches A alone and stands aside, and says WEDGE of its epoch once more."
    )
    sync_never_shrinks: bool = _or(
        "A repeated SYNC empties joiner C2, which is then recorded as whole; the others die."
    )
    tagged_answers: bool = _or(
        "A slow answer to an abandoned attempt arrives after index 1 was issued again, and C "
        "takes the old entry for the new one."
    )
    approved_folds_only: bool = _or(
        "Joiner C2 gets a fold that contains an entry which only A holds. A dies, the entry is "
        "dropped at the next cut, and C2 has it in its fold for ever."
    )
    fresh_incarnations: bool = _or(
        "C, which was left out, is on the roster still, and is offered as its own replacement, "
        "again and again."
    )
    nothing_after_result: bool = _or(
        "INSTALL by the next leader reaches A after A has given its result: A counts on."
    )
    closing_cut_recorded: bool = _or(
        "Two leaders close with different survivors: final results of different counts."
    )
    verdict_by_send_members: bool = _or(
        "The survivor of a change in GRACE agrees with itself, and the one that was left out has "
        "printed less."
    )
    k_from_log: bool = _or("The replacement of A begins its draws anew: (A, 1) occurs twice.")
    kick_once: bool = _or(
        "The answer to the kick is slow, and the kick is said again: two entries, each the next."
    )
    kick_after_installed: bool = _or(
        "A frame of view 1 reaches B before B has installed it, is dropped, and the ring stands "
        "still."
    )
    reinstall_on_takeover: bool = _or(
        "The leader dies when view 2 is recorded. Nobody installs it, and A and B stay wedged."
    )
    resend_after_reset: bool = _or(
        "A's message is lost with its connection, and the ring stands still."
    )
    train_sequence: bool = _or(
        "The connection ends before A knows that B has the train; A sends it again, and B loads "
        "it twice."
    )
    view_in_frames: bool = _or(
        "A slow train of view 1 reaches C in view 2, where another one is about to go round: two "
        "trains."
    )
    unclosed_stop: bool = _or(
        "The record is out of reach at the end; A and B print by their own clocks, C crashes: no "
        "survivor, and no end."
    )
    unclosed_not_final: bool = _or(
        'Nobody answers an abort, so nobody is wedged: "final" results of different counts.'
    )
    exactly_view_before: bool = _or(
        "B, still in view 1, holds an entry of its own whose index view 2 issued again; CLOSE of "
        "view 3 with just that cut makes B approve its own."
    )
    close_freezes: bool = _or(
        "An early STOP in a long SEND: B, which lacks entries, sends on until its own clock ends."
    )
    close_to_roster: bool = _or("STOP before view 1: prepared slaves wait for ever.")
    report_keeps_results: bool = _or(
        "C's result is stored and C has exited; the leader dies; the next report has A and B only."
    )
    go_on_from_read: bool = _or(
        "The write of view 1 is given up, and succeeds late: the leader prepares anew for ever."
    )
    largest_elapsed: bool = _or("C's GO came late: it sends while the others are frozen.")
    confirmed_first: bool = _or("A approves what nobody else holds, and dies.")
    deduplicate: bool = _or(
        "C's turn leaves on the new connection before A's HELLO, which does not know of it: C "
        "sends it again, and A holds it twice."
    )
    own_streams: bool = _or("All slaves draw from one stream: values that are not their sender's.")
    one_train: bool = _or("The kick is said again: two trains in one view.")


ALL_RULES = Rules()

WITHOUT: Final[dict[str, str]] = {each.name: each.metadata["without"] for each in fields(Rules)}
"""What happens without each rule, by its name."""
