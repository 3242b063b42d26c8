"""Who is there: both ends of a connection prove that they hold the run's token.

    dialer  -> listener   Open(run, me, whom I dial, nonce)
    listener -> dialer    Challenge(me, nonce)
    dialer  -> listener   Proof(HMAC)
    listener -> dialer    Welcome(HMAC)          or Refusal(reason) at any point

Both MACs are HMAC-SHA256 under the token over everything above and the role of who made it (dialer
or listener), so the token never crosses the wire and neither a replayed nor a reflected message
proves anything. Without a token the key is empty and the same exchange only names the two ends.

Pure: message bodies in, message bodies out; nonces are given. Called by the links of slaves and
masters. Whether a peer of that name is wanted is decided by the `admit` given to `Listening`.
"""

import hmac
from collections.abc import Callable
from enum import Enum, StrEnum
from typing import cast

import msgspec

from ringrun.core.errors import ProtocolError
from ringrun.core.node import MasterId, NodeId, SlaveId
from ringrun.runtime.wire.frames import VERSION, Buffer, one_line

DEADLINE = 2.0
NONCE_BYTES = 32
# Of a run, as a stranger gives it.
RUN_LIMIT = 128


class Role(StrEnum):
    """What a node is in its run."""

    SLAVE = "slave"
    MASTER = "master"


class Identity(msgspec.Struct, frozen=True, array_like=True):
    """One start of one node: a slave by ordinal and incarnation, a master by its holder name."""

    role: Role
    ordinal: int = -1
    incarnation: int = 0
    holder: str = ""

    @classmethod
    def slave(cls, node: SlaveId) -> "Identity":
        return cls(Role.SLAVE, node.ordinal, node.incarnation)

    @classmethod
    def master(cls, node: MasterId) -> "Identity":
        return cls(Role.MASTER, holder=str(node))

    @property
    def node(self) -> NodeId:
        """As the cores name it."""
        if self.role is Role.SLAVE:
            return SlaveId(self.ordinal, self.incarnation)
        master = MasterId.parse(self.holder)
        assert master is not None, "checked when it was read"
        return master

    def __str__(self) -> str:
        return str(self.node)


class Open(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """The dialer's first word. `dialled` is who it wants to find at that address."""

    run: str
    me: Identity
    dialled: Identity
    nonce: bytes


class Challenge(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """The listener says who it is and asks for the proof.

    `start` is drawn once by each process: by hand another one may listen at the same address later,
    and a name must not come to mean two of them.
    """

    me: Identity
    nonce: bytes
    start: bytes


class Proof(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """The dialer holds the token."""

    mac: bytes


class Welcome(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """So does the listener, and the connection is accepted."""

    mac: bytes


class Refusal(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """The connection ends here. For a log line alone: nothing vouches for it."""

    reason: str


_encode = msgspec.msgpack.Encoder().encode
Message = Open | Challenge | Proof | Welcome | Refusal
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(cast(type[Message], Message))

Admit = Callable[[Open], str]
"""Why this peer is not wanted here (an old incarnation, not named yet); "" if it is."""


class Trouble(Enum):
    """Why a connection does not come up, for who acts on it; the text beside it is for people."""

    UNREACHABLE = "unreachable"
    """Nobody is there, or nobody answers in time. It may be only a matter of time."""

    REFUSED = "refused"
    """Somebody is there and will not have this one."""

    ANOTHER_TOKEN = "another token"
    """Who is there does not hold the token of this side."""

    ANOTHER_PROCESS = "another process"
    """A slave by hand was reached before, and another one is there now."""

    BROKEN = "broken"
    """Who is there broke the rules, or off."""


class HandshakeError(ProtocolError):
    """No connection comes of it."""

    def __init__(self, reason: str, trouble: Trouble = Trouble.BROKEN) -> None:
        super().__init__(reason)
        self.trouble = trouble


class RefusedError(HandshakeError):
    """This side refuses; `answer` is a body that tells the other side why."""

    def __init__(self, reason: str, trouble: Trouble = Trouble.BROKEN) -> None:
        super().__init__(reason, trouble)
        self.answer = _encode(Refusal(reason=one_line(reason)))


def _read(body: Buffer) -> Open | Challenge | Proof | Welcome:
    """What the other side says; HandshakeError if it refuses."""
    try:
        message = _decoder.decode(body)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise RefusedError(f"not a handshake message: {one_line(error)}") from error
    if isinstance(message, Refusal):
        raise HandshakeError(f"refused: {one_line(message.reason)}", Trouble.REFUSED)
    return message


def _mac(key: bytes, side: str, opened: Open, challenge: Challenge) -> bytes:
    # msgpack of a sequence of known types is unambiguous: no two transcripts share their bytes.
    transcript = (side, VERSION, opened, challenge)
    return hmac.digest(key, _encode(transcript), "sha256")


def _check_mac(mac: bytes, key: bytes, side: str, opened: Open, challenge: Challenge) -> None:
    """The other side holds the token, or is refused."""
    if not hmac.compare_digest(_mac(key, side, opened, challenge), mac):
        raise RefusedError("another token", Trouble.ANOTHER_TOKEN)


def _check(identity: Identity) -> None:
    """An identity as nodes have them: a stranger's numbers are bounded before they are used."""
    if identity.role is Role.MASTER:
        well = MasterId.parse(identity.holder) is not None
    else:
        well = 0 <= identity.ordinal < 1 << 31 and 0 < identity.incarnation < 1 << 31
    if not well:
        raise RefusedError("an identity that no node has")


class Dialling:
    """The dialer's side. `peer` is None until the listener has proved itself.

    `start` is which process answered; given one, any other is refused.
    """

    __slots__ = ("_challenge", "_key", "_opened", "peer", "start")

    def __init__(
        self,
        *,
        me: Identity,
        dialled: Identity,
        run: str,
        token: bytes,
        nonce: bytes,
        start: bytes = b"",
    ) -> None:
        assert len(nonce) == NONCE_BYTES
        self._opened = Open(run=run, me=me, dialled=dialled, nonce=nonce)
        self._key = token
        self._challenge: Challenge | None = None
        self.peer: Identity | None = None
        self.start = start

    def begin(self) -> bytes:
        """The first body to send."""
        return _encode(self._opened)

    def receive(self, body: Buffer) -> bytes:
        """The next body to send, empty once all is said. ProtocolError: close, with that reason."""
        message = _read(body)
        opened, challenge = self._opened, self._challenge
        if isinstance(message, Challenge) and challenge is None:
            _check(message.me)
            if message.me == opened.me or message.nonce == opened.nonce:
                raise RefusedError("a connection to itself")
            if len(message.nonce) != NONCE_BYTES:
                raise RefusedError(f"a nonce of {len(message.nonce)} bytes")
            if message.me != opened.dialled:
                raise RefusedError(f"dialled {opened.dialled}, found {_name(message.me)}")
            if self.start and message.start != self.start:
                raise RefusedError(
                    f"another process is there in place of {opened.dialled}",
                    Trouble.ANOTHER_PROCESS,
                )
            self._challenge = message
            return _encode(Proof(_mac(self._key, "dialer", opened, message)))
        if isinstance(message, Welcome) and challenge is not None and self.peer is None:
            _check_mac(message.mac, self._key, "listener", opened, challenge)
            self.peer = challenge.me
            self.start = challenge.start
            return b""
        raise RefusedError(f"{type(message).__name__} out of turn")


class Listening:
    """The listener's side. `peer` is None until the dialer has proved itself.

    `me` and `run` are None for a slave by hand, which has no name until a master gives it one: it
    takes what the master's Open carries, and `named` holds both once that is proved.
    """

    __slots__ = (
        "_admit",
        "_challenge",
        "_key",
        "_me",
        "_nonce",
        "_opened",
        "_run",
        "_start",
        "named",
        "peer",
    )

    def __init__(
        self,
        *,
        me: Identity | None,
        run: str | None,
        token: bytes,
        nonce: bytes,
        admit: Admit,
        start: bytes = b"",
    ) -> None:
        assert len(nonce) == NONCE_BYTES
        self._me = me
        self._run = run
        self._key = token
        self._nonce = nonce
        self._admit = admit
        self._start = start
        self._challenge: Challenge | None = None
        self._opened: Open | None = None
        self.peer: Identity | None = None
        self.named: tuple[str, Identity] | None = None

    def receive(self, body: Buffer) -> bytes:
        """The next body to send. ProtocolError: close, with that reason."""
        message = _read(body)
        opened, challenge = self._opened, self._challenge
        if isinstance(message, Open) and opened is None:
            return self._open(message)
        if isinstance(message, Proof) and opened and challenge and self.peer is None:
            _check_mac(message.mac, self._key, "dialer", opened, challenge)
            # Asked again: much may have been wanted and named since the first word.
            reason = self._admit(opened)
            if reason:
                raise RefusedError(reason)
            self.peer = opened.me
            self.named = (opened.run, challenge.me)
            return _encode(Welcome(_mac(self._key, "listener", opened, challenge)))
        raise RefusedError(f"{type(message).__name__} out of turn")

    def _open(self, opened: Open) -> bytes:
        _check(opened.me)
        _check(opened.dialled)
        if len(opened.nonce) != NONCE_BYTES:
            raise RefusedError(f"a nonce of {len(opened.nonce)} bytes")
        if not 0 < len(opened.run) <= RUN_LIMIT or not opened.run.isprintable():
            raise RefusedError("a run of a name that no run has")
        if self._run is not None and opened.run != self._run:
            raise RefusedError(f"of run {opened.run}, this is run {self._run}")
        if opened.me == (self._me or opened.dialled) or opened.nonce == self._nonce:
            raise RefusedError("a connection to itself")
        reason = self._admit(opened)
        if reason:
            raise RefusedError(reason)
        if self._me is None:
            self._me = opened.dialled
        if opened.dialled != self._me:
            raise RefusedError(f"this is {self._me}, not {_name(opened.dialled)}")
        self._opened = opened
        self._challenge = Challenge(me=self._me, nonce=self._nonce, start=self._start)
        return _encode(self._challenge)


def _name(identity: Identity) -> str:
    return one_line(identity, RUN_LIMIT)
