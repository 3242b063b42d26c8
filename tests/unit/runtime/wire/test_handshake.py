"""Both ends prove that they hold the token; every other pair is refused with one reason."""

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringrun.core.errors import ProtocolError
from ringrun.core.node import MasterId, SlaveId
from ringrun.runtime.wire.handshake import (
    Challenge,
    Dialling,
    HandshakeError,
    Identity,
    Listening,
    Open,
    RefusedError,
    Role,
    Trouble,
)

TOKEN = b"t" * 32
SLAVE = Identity.slave(SlaveId(2, 1))
PEER = Identity.slave(SlaveId(0, 4))
MASTER = Identity.master(MasterId(0, 1))


def nonce(fill: int) -> bytes:
    """A nonce that tells itself from others."""
    return bytes([fill]) * 32


def anyone(opened: Open) -> str:
    """Admits whoever proves itself."""
    del opened
    return ""


def dialling(
    me: Identity = PEER,
    dialled: Identity = SLAVE,
    run: str = "run",
    token: bytes = TOKEN,
    n: int = 1,
) -> Dialling:
    """The dialer's end, of a peer unless said otherwise."""
    return Dialling(me=me, dialled=dialled, run=run, token=token, nonce=nonce(n))


def listening(
    me: Identity | None = SLAVE, run: str | None = "run", token: bytes = TOKEN, n: int = 2
) -> Listening:
    """The listener's end, of the slave that is dialled."""
    return Listening(me=me, run=run, token=token, nonce=nonce(n), admit=anyone)


def talk(dialer: Dialling, listener: Listening) -> list[bytes]:
    """Every body that crosses until both are done, in order."""
    said = [dialer.begin()]
    while True:
        said.append(listener.receive(said[-1]))
        answer = dialer.receive(said[-1])
        if not answer:
            return said
        said.append(answer)


def hear(end: Dialling | Listening, bodies: list[bytes]) -> None:
    """Give these bodies to one end."""
    for body in bodies:
        end.receive(body)


@pytest.mark.parametrize("me", [PEER, MASTER])
@pytest.mark.parametrize("token", [TOKEN, b""])
def test_both_ends_learn_who_the_other_is(me: Identity, token: bytes) -> None:
    """With a token or, on loopback, without: the same exchange."""
    dialer, listener = dialling(me, token=token), listening(token=token)
    said = talk(dialer, listener)
    assert dialer.peer == SLAVE
    assert listener.peer == me
    assert len(said) == 4
    assert not any(TOKEN in body for body in said)


def test_a_slave_by_hand_takes_the_name_that_a_master_gives_it() -> None:
    """It has no ordinal and no run until then."""
    listener = listening(me=None, run=None)
    dialer = dialling(MASTER, Identity.slave(SlaveId(3, 1)), run="hand")
    talk(dialer, listener)
    assert listener.named == ("hand", Identity.slave(SlaveId(3, 1)))


@pytest.mark.parametrize(
    ("dialer", "listener", "reason"),
    [
        (dialling(run="other"), listening(), "run other"),
        (dialling(token=b"u" * 32), listening(), "another token"),
        (dialling(token=b""), listening(), "another token"),
        (dialling(), listening(token=b""), "another token"),
        (dialling(dialled=Identity.slave(SlaveId(2, 2))), listening(), "this is s2-1, not s2-2"),
        (dialling(me=SLAVE), listening(), "itself"),
        (dialling(n=2), listening(), "itself"),
        (dialling(me=Identity.slave(SlaveId(-1, 1))), listening(), "no node has"),
        (dialling(me=Identity.slave(SlaveId(1, 0))), listening(), "no node has"),
        (dialling(me=Identity(Role.MASTER, holder="")), listening(), "no node has"),
        (dialling(me=Identity(Role.MASTER, holder="m\n0")), listening(), "no node has"),
        (dialling(run=""), listening(None, None), "no run has"),
    ],
)
def test_what_does_not_belong_is_refused(
    dialer: Dialling, listener: Listening, reason: str
) -> None:
    """Wrong run, wrong token, wrong address, itself: one reason, and nobody is let in."""
    with pytest.raises(ProtocolError, match=re.escape(reason)) as caught:
        talk(dialer, listener)
    assert dialer.peer is None
    assert listener.peer is None
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "me",
    [
        Identity(Role.MASTER, holder="m\n0"),
        Identity(Role.MASTER),
        Identity.slave(SlaveId(2, 0)),
        Identity.slave(SlaveId(-1, 1)),
    ],
)
def test_a_listener_of_a_name_that_no_node_has_is_refused(me: Identity) -> None:
    """Whoever answers at a slave's address proves nothing before it says who it is."""
    challenge = Challenge(me=me, nonce=nonce(2), start=b"")
    with pytest.raises(RefusedError, match="an identity that no node has"):
        dialling().receive(msgspec.msgpack.encode(challenge))


def test_the_dialer_hears_the_listeners_reason() -> None:
    """A refusal names its cause at the other end too."""
    dialer = dialling(run="other")
    with pytest.raises(RefusedError) as caught:
        listening().receive(dialer.begin())
    with pytest.raises(ProtocolError, match="refused: of run other, this is run run"):
        dialer.receive(caught.value.answer)


def test_another_process_at_the_same_address_is_refused() -> None:
    """By hand a slave may be started again on its port: its old name is not for the new one."""
    first = dialling(MASTER)
    talk(first, Listening(me=None, run=None, token=TOKEN, nonce=nonce(2), admit=anyone, start=b"a"))
    again = Dialling(
        me=MASTER, dialled=SLAVE, run="run", token=TOKEN, nonce=nonce(3), start=first.start
    )
    other = Listening(me=None, run=None, token=TOKEN, nonce=nonce(4), admit=anyone, start=b"b")
    with pytest.raises(ProtocolError, match="another process is there in place of s2-1"):
        talk(again, other)


def test_a_replayed_handshake_proves_nothing() -> None:
    """Nonces are new each time, so what was overheard is worth nothing, either way."""
    opened, challenge, proof, welcome = talk(dialling(), listening())
    again = listening(n=3)
    again.receive(opened)
    with pytest.raises(ProtocolError, match="another token"):
        again.receive(proof)
    assert again.peer is None
    dialer = dialling(n=4)
    dialer.receive(challenge)
    with pytest.raises(ProtocolError, match="another token"):
        dialer.receive(welcome)
    assert dialer.peer is None


def test_a_reflected_proof_is_refused() -> None:
    """One who has no token cannot let a slave answer its own challenge by a second connection."""
    thief = dialling(token=b"")
    victim = listening()
    thief_proof = thief.receive(victim.receive(thief.begin()))
    # The victim's own MAC, got as a dialer to the thief with the same transcript, has another role.
    dialer = dialling()
    proof = dialer.receive(listening().receive(dialer.begin()))
    with pytest.raises(ProtocolError):
        dialer.receive(proof)
    assert thief_proof != proof
    with pytest.raises(ProtocolError):
        victim.receive(thief_proof)


def test_an_unwanted_peer_is_refused_before_it_costs_a_proof() -> None:
    """An old incarnation, for example: the loop knows, and its reason is what both sides log."""
    listener = Listening(
        me=SLAVE, run="run", token=TOKEN, nonce=nonce(2), admit=lambda opened: f"old {opened.me}"
    )
    with pytest.raises(ProtocolError, match="old s0-4"):
        talk(dialling(), listener)


def test_who_is_no_longer_wanted_by_the_time_of_its_proof_is_refused() -> None:
    """Much may have been wanted, and named, since its first word."""
    reasons = ["", "replaced meanwhile"]
    listener = Listening(
        me=SLAVE, run="run", token=TOKEN, nonce=nonce(2), admit=lambda opened: reasons.pop(0)
    )
    with pytest.raises(RefusedError, match="replaced meanwhile"):
        talk(dialling(), listener)
    assert listener.peer is None


@pytest.mark.parametrize("order", [(0, 0), (2,), (3,), (1,), (0, 2, 2), (0, 3)])
def test_a_listener_refuses_what_is_out_of_turn(order: tuple[int, ...]) -> None:
    """Each message has one place."""
    said = talk(dialling(), listening())
    with pytest.raises(ProtocolError):
        hear(listening(), [said[place] for place in order])


@given(body=st.binary(max_size=100), place=st.integers(0, 3), change=st.integers(1, 255))
def test_any_body_is_read_or_refused(body: bytes, place: int, change: int) -> None:
    """Random and mutated messages never do anything but refuse."""
    with pytest.raises(ProtocolError):
        listening().receive(body)
    with pytest.raises(ProtocolError):
        dialling().receive(body)
    said = talk(dialling(), listening())
    bad = bytearray(said[place])
    at = (len(body) * 7) % len(bad)
    bad[at] ^= change
    end = dialling() if place % 2 else listening()
    said[place] = bytes(bad)
    # A changed Open may still be a good one (another name): then the proof does not fit it.
    with pytest.raises(ProtocolError):
        hear(end, said[1::2] if place % 2 else said[0::2])
    assert end.peer is None


def test_whoever_acts_on_a_refusal_is_told_its_kind() -> None:
    """The text is for people; a connection to itself, for one, is only broken."""
    refusing = Listening(
        me=SLAVE, run="run", token=TOKEN, nonce=nonce(2), admit=lambda opened: "another token"
    )
    dialer = dialling()
    with pytest.raises(RefusedError) as here:
        refusing.receive(dialer.begin())
    with pytest.raises(HandshakeError, match="refused: another token") as there:
        dialer.receive(here.value.answer)
    assert there.value.trouble is Trouble.REFUSED
    said = talk(dialling(token=b"x"), listening(token=b"x"))
    with pytest.raises(HandshakeError) as stranger:
        hear(dialling(), said[1::2])
    assert stranger.value.trouble is Trouble.ANOTHER_TOKEN
    with pytest.raises(HandshakeError) as mirrored:
        dialling(me=SLAVE).receive(listening().receive(dialling().begin()))
    assert mirrored.value.trouble is Trouble.BROKEN


def test_another_process_at_the_same_address_is_a_kind_of_its_own() -> None:
    """By hand a slave may have been started again where one was reached before."""
    dialer = Dialling(
        me=MASTER, dialled=SLAVE, run="run", token=TOKEN, nonce=nonce(1), start=b"before"
    )
    listener = Listening(
        me=None, run=None, token=TOKEN, nonce=nonce(2), admit=anyone, start=b"after"
    )
    with pytest.raises(HandshakeError) as caught:
        dialer.receive(listener.receive(dialer.begin()))
    assert caught.value.trouble is Trouble.ANOTHER_PROCESS
