"""What is a journal, and what is refused."""

import pytest

from ringrun.runtime.journal import MAGIC
from ringrun.verify import UnreadableError, check


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"something else", "does not begin with its magic line"),
        (MAGIC + b"\x01\x00\x00\x00\x63" + bytes(8) + b"x", "there is no kind 99"),
        (MAGIC + b"\x02\x00\x00\x00\x06" + bytes(8) + b"{]", "record 0 at byte 18"),
        (MAGIC + b"\x02\x00\x00\x00\x06" + bytes(8) + b"[]", "not an object"),
        (MAGIC + b"\x02\x00\x00\x00\x05" + bytes(8) + b"xx", "an approval does not have 13"),
        (MAGIC + b"\x02\x00\x00\x00\x02" + bytes(8) + b"xx", "entries is too short"),
        (MAGIC + b"\x1c\x00\x00\x00\x02" + bytes(36), "not as long as its count says"),
        (MAGIC + b"\x02\x00\x00\x00\x06" + bytes(8) + b"{}", "a VIEW record lacks"),
        (MAGIC + b"\x02\x00\x00\x00\x07" + bytes(8) + b"{}", "a BASE record is not"),
        (MAGIC + b"\x02\x00\x00\x00\x09" + bytes(8) + b"{}", "a PHASE record lacks phase"),
    ],
)
def test_what_is_no_journal_is_refused(data: bytes, reason: str) -> None:
    """Bytes that no node of ours wrote are an error of their own, never a broken promise."""
    with pytest.raises(UnreadableError, match=reason):
        check({"s0-1": data}, None, same_clock=True)
