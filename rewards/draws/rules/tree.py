"""The Merkle tree of RFC 9162 section 2.1 (the same as RFC 6962) over the lines of a snapshot."""

from collections.abc import Iterable, Sequence

from rewards.draws.rules.hashing import digest
from rewards.draws.rules.refused import Refused


def leaf_hash(data: bytes) -> bytes:
    return digest(b"\x00" + data)


def node_hash(left: bytes, right: bytes) -> bytes:
    return digest(b"\x01" + left + right)


class Tree:
    """All levels of the tree over `leaves` (raw leaf data, in order). O(n) hashes to build, 64 bytes a leaf.

    Pairing neighbours level by level and lifting an odd last node unchanged is the RFC's split at the largest
    power of two below n.
    """

    def __init__(self, leaves: Iterable[bytes]) -> None:
        level = [leaf_hash(leaf) for leaf in leaves]
        self.size = len(level)
        self._levels = [level]
        while len(level) > 1:
            above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            if len(level) % 2:
                above.append(level[-1])
            self._levels.append(above)
            level = above

    @property
    def root(self) -> bytes:
        """32 bytes; H("") for no leaf."""
        return self._levels[-1][0] if self.size else digest(b"")

    def path(self, index: int) -> tuple[bytes, ...]:
        """Inclusion path of leaf `index` (from 0), from the leaf upwards; empty for a single leaf.

        Refused `draw.tree.index` outside 0..n-1.
        """
        if not 0 <= index < self.size:
            raise Refused("draw.tree.index", index=index, n=self.size)
        hashes = []
        for level in self._levels[:-1]:
            beside = index ^ 1
            if beside < len(level):
                hashes.append(level[beside])
            index >>= 1
        return tuple(hashes)


def path_holds(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `path` proves that `leaf` (raw data) is number `index` of `size` leaves under `root`.

    RFC 9162 section 2.1.3.2, step by step.
    """
    if not 0 <= index < size:
        return False
    number, last, value = index, size - 1, leaf_hash(leaf)
    for beside in path:
        if last == 0:
            return False
        if number & 1 or number == last:
            value = node_hash(beside, value)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            value = node_hash(value, beside)
        number >>= 1
        last >>= 1
    return last == 0 and value == root
