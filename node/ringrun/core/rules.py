"""The safeguards of docs/protocol.md as switches, for the simulation alone.

A real run always has all of them. The simulation switches one off to show that the checker then
finds what the rule is there for.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Each True is a rule in force; the names are those of the last table of docs/protocol.md."""

    sync_before_record: bool = True
    wedged_confirms_nothing: bool = True
    wedge_is_final: bool = True
    read_back: bool = True
    epoch_by_same_write: bool = True
    stop_on_conflict: bool = True
    silent_once_stopped: bool = True
    sync_never_shrinks: bool = True
    tagged_answers: bool = True
    approved_folds_only: bool = True
    fresh_incarnations: bool = True
    nothing_after_result: bool = True
    closing_cut_recorded: bool = True
    verdict_by_send_members: bool = True
    k_from_log: bool = True
    kick_once: bool = True
    kick_after_installed: bool = True
    reinstall_on_takeover: bool = True
    resend_after_reset: bool = True
    train_sequence: bool = True
    view_in_frames: bool = True
    unclosed_stop: bool = True
    unclosed_not_final: bool = True
    exactly_view_before: bool = True
    close_freezes: bool = True
    close_to_roster: bool = True
    report_keeps_results: bool = True
    go_on_from_read: bool = True
    largest_elapsed: bool = True
    confirmed_first: bool = True
    deduplicate: bool = True
    own_streams: bool = True
    one_train: bool = True


ALL_RULES = Rules()
