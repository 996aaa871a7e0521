"""Protocol vdraw/1, sections 1 and 4: the hash notation, the commitments and the keys of a draw."""

import hashlib
import hmac
import re
from collections.abc import Sequence

from rewards.draws.rules.refused import Refused

PROTOCOL = "vdraw/1"
SECRET_BYTES = 32
SALT_BYTES = 16

MAX_BEACON_ROUND = 2**53 - 1

HEX256 = re.compile("[0-9a-f]{64}")
BEACON_SIGNATURE = re.compile("[0-9a-f]{96}")
DICE = re.compile("d(6|10)x([1-9][0-9]{0,2})")
_LABEL = re.compile(f"(?:redraw-|round-)?{DICE.pattern}")
_DIE_FACES = {"6": frozenset("123456"), "10": frozenset("0123456789")}
_REDRAW = "redraw-"
_ROUND = "round-"


def digest(data: bytes) -> bytes:
    """H: SHA-256, 32 bytes."""
    return hashlib.sha256(data).digest()


def u32(number: int) -> bytes:
    """Four bytes, big-endian. Raises OverflowError outside 0..2^32-1."""
    return number.to_bytes(4, "big")


def u64(number: int) -> bytes:
    """Eight bytes, big-endian. Raises OverflowError outside 0..2^64-1."""
    return number.to_bytes(8, "big")


def lp(data: bytes) -> bytes:
    """LP: the length as u32, then the bytes."""
    return u32(len(data)) + data


def _framed(tag: str, parts: Sequence[bytes]) -> bytes:
    return b"".join([lp(f"{PROTOCOL}/{tag}".encode("ascii")), *map(lp, parts)])


def th(tag: str, *parts: bytes) -> bytes:
    """TH(tag, p1, ...) = H(LP("vdraw/1/" + tag) | LP(p1) | ...)."""
    return digest(_framed(tag, parts))


def mac(key: bytes, tag: str, *parts: bytes) -> bytes:
    """MAC(key, tag, p1, ...) = HMAC-SHA-256 with the framing of `th`."""
    return hmac.digest(key, _framed(tag, parts), "sha256")


def ascii_bytes(what: str, text: str) -> bytes:
    """Bytes of a text that enters a hash. Refused `draw.text.ascii` when it is not ASCII; `what` names it."""
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise Refused("draw.text.ascii", what=what) from None


def id_commit(draw_id: str, salt: bytes, person_ref: str) -> bytes:
    """The 32 bytes that stand for a person in a snapshot: TH("id", draw_id, salt, person_ref).

    `salt`: 16 random bytes of this person and this draw. `person_ref`: ASCII, known to the person.
    """
    if len(salt) != SALT_BYTES:
        raise Refused("draw.salt.size", size=len(salt))
    return th("id", ascii_bytes("draw_id", draw_id), salt, ascii_bytes("person_ref", person_ref))


def commitment(draw_id: str, label: str, secret: bytes) -> bytes:
    """C_j = TH("commit", draw_id, label_j, s_j) of a custodian's 32 secret bytes."""
    if len(secret) != SECRET_BYTES:
        raise Refused("draw.secret.size", label=label, size=len(secret))
    return th("commit", ascii_bytes("draw_id", draw_id), ascii_bytes("label", label), secret)


def check_dice(label: str, digits: str) -> None:
    """Refuses a dice label other than `d6xN` or `d10xN` (N 1..999), and digits that are not exactly N throws.

    One digit a throw: 1-6 for d6, 0-9 for d10. A label of redraw or round dice is `redraw-` or `round-` and a dice
    label.
    """
    shape = _LABEL.fullmatch(label)
    if shape is None:
        raise Refused("draw.dice.label", label=label)
    if len(digits) != int(shape[2]) or not _DIE_FACES[shape[1]].issuperset(digits):
        raise Refused("draw.dice.digits", label=label, wanted=int(shape[2]), found=len(digits))


def redraw_label(dice: str) -> str:
    """The label under which redraw dice enter a hash and the log: `redraw-d10x4` for `d10x4`."""
    return _REDRAW + dice


def round_label(dice: str) -> str:
    """The label under which the dice of a round of its own enter a hash and the log: `round-d10x6` for `d10x6`."""
    return _ROUND + dice


def venue_value(manifest_hash: bytes, label: str, digits: str) -> bytes:
    """V = TH("venue", M, label, digits): the dice thrown in front of everybody, in order."""
    check_dice(label, digits)
    return th("venue", manifest_hash, label.encode("ascii"), digits.encode("ascii"))


def beacon_randomness(signature: str) -> bytes:
    """SHA-256 of the 48 bytes of a drand signature in hex. Refused `draw.beacon.form` when it is none.

    Whether the signature is the network's own is not judged here: that takes a library for BLS12-381.
    """
    if BEACON_SIGNATURE.fullmatch(signature) is None:
        raise Refused("draw.beacon.form")
    return digest(bytes.fromhex(signature))


def beacon_value(manifest_hash: bytes, chain_hash: bytes, number: int, signature: str) -> bytes:
    """B = TH("beacon", M, chain hash, u64(round), randomness) of round `number` of a drand chain."""
    return th("beacon", manifest_hash, chain_hash, u64(number), beacon_randomness(signature))


def seed(manifest_hash: bytes, secrets: Sequence[bytes], venue: bytes, beacon: bytes | None = None) -> bytes:
    """K = TH("seed", M, s_1, ..., s_m, V[, B]); secrets in manifest order, B only when the manifest has a beacon."""
    return th("seed", manifest_hash, *secrets, venue, *(() if beacon is None else (beacon,)))


def round_key(seed_key: bytes, round_id: str, fresh: bytes = b"") -> bytes:
    """K_r = MAC(K, "round", round_id, V_r); V_r is empty unless the round has dice of its own."""
    return mac(seed_key, "round", ascii_bytes("round", round_id), fresh)


def redraw_key(key: bytes, prize: str, slot: int, attempt: int, fresh: bytes) -> bytes:
    """MAC(K_r, "redraw", prize, u32(slot), u32(attempt), V_a): for a prize that demands fresh dice."""
    return mac(key, "redraw", ascii_bytes("prize", prize), u32(slot), u32(attempt), fresh)
