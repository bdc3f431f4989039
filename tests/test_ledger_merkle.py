"""The tree is RFC 9162's: against the definition written out naively, and against the known roots of eight leaves."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger import merkle
from gateway.ledger.disk import SystemDisk
from gateway.ledger.frames import leaf_hash
from gateway.ledger.tiles import Tiles

# The eight leaves that implementations of certificate transparency have shared from the beginning, and their roots.
LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243")] + [
    bytes.fromhex("5051525354555657"),
    bytes.fromhex("606162636465666768696a6b6c6d6e6f"),
]
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


# --- the definition, as RFC 9162 writes it -------------------------------------------------------


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(old: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*naive_subproof(old, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_subproof(old - k, leaves[k:], False), naive_root(leaves[:k])]


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(size)]


class InMemory:
    """Nodes out of a list of leaves."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.leaves = leaves

    def node(self, height: int, place: int) -> bytes:
        return naive_root(self.leaves[place << height : (place + 1) << height])


SIZES = st.integers(1, 300)


# --- roots ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ROOTS)
def test_the_roots_of_the_shared_leaves_are_the_known_ones(size: int) -> None:
    """The roots over the first leaves of the shared eight are the published ones, by definition and by ours."""
    leaves = [leaf_hash(leaf) for leaf in LEAVES[:size]]
    frontier = merkle.Frontier()
    frontier.extend(leaves)

    assert naive_root(leaves).hex() == ROOTS[size]
    assert frontier.root().hex() == ROOTS[size]


@given(SIZES)
def test_a_frontier_has_the_root_of_the_definition(size: int) -> None:
    """A tree grown leaf by leaf has the root that the definition gives, and can be taken up again from its peaks."""
    leaves = leaves_of(size)
    frontier = merkle.Frontier()
    for leaf in leaves:
        frontier.append(leaf)

    assert frontier.root() == naive_root(leaves) == merkle.root_at(InMemory(leaves), size)
    assert list(frontier.peaks) == merkle.peaks(InMemory(leaves), size)
    assert merkle.Frontier(size, frontier.peaks).root() == frontier.root()


def test_a_frontier_with_other_peaks_than_its_size_has_is_refused() -> None:
    """A frontier of three leaves has two peaks."""
    with pytest.raises(ValueError, match="2 peaks"):
        merkle.Frontier(3, [b"x" * 32])


# --- proofs --------------------------------------------------------------------------------------


@given(SIZES, st.data())
def test_an_inclusion_proof_is_that_of_the_definition_and_proves_nothing_else(size: int, data: st.DataObject) -> None:
    """The proof is the definition's audit path; it verifies for this leaf, place and size, and for no other."""
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    root, leaf = naive_root(leaves), leaves[index]
    proof = merkle.inclusion_proof(InMemory(leaves), index, size)

    assert proof == naive_path(index, leaves)
    assert merkle.verify_inclusion(leaf, index, size, proof, root)
    assert not merkle.verify_inclusion(leaf_hash(b"other"), index, size, proof, root)
    assert not merkle.verify_inclusion(leaf, index, size, [*proof, root], root)
    assert not merkle.verify_inclusion(leaf, size, size, proof, root)
    other = data.draw(st.integers(0, size - 1))
    assert merkle.verify_inclusion(leaf, other, size, proof, root) is (other == index)
    if proof:
        assert not merkle.verify_inclusion(leaf, index, size, proof[:-1], root)


@given(SIZES, st.data())
def test_a_consistency_proof_is_that_of_the_definition_and_proves_nothing_else(size: int, data: st.DataObject) -> None:
    """The proof is the definition's; it verifies for these two trees, and for no other."""
    old = data.draw(st.integers(1, size))
    leaves = leaves_of(size)
    old_root, new_root = naive_root(leaves[:old]), naive_root(leaves)
    proof = merkle.consistency_proof(InMemory(leaves), old, size)

    assert proof == naive_subproof(old, leaves, True)
    assert merkle.verify_consistency(old, size, proof, old_root, new_root)
    assert not merkle.verify_consistency(old, size, [*proof, old_root], old_root, new_root)
    if old != size:
        assert not merkle.verify_consistency(old, size, proof, new_root, new_root)
        assert not merkle.verify_consistency(old, size, proof, old_root, old_root)
        assert not merkle.verify_consistency(old, size, proof[:-1], old_root, new_root)


def test_every_tree_begins_with_the_empty_one() -> None:
    """The empty tree is consistent with any, by an empty proof; a tree never with a smaller one."""
    root = naive_root(leaves_of(5))

    assert merkle.consistency_proof(InMemory(leaves_of(5)), 0, 5) == []
    assert merkle.verify_consistency(0, 5, [], merkle.EMPTY_ROOT, root)
    assert not merkle.verify_consistency(0, 5, [], root, root)
    assert not merkle.verify_consistency(6, 5, [], root, root)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_proof_is_made_of_what_is_not_there(index: int, size: int) -> None:
    """A record outside the tree has no inclusion proof, and a larger tree no consistency proof to a smaller one."""
    with pytest.raises(ValueError, match="no record"):
        merkle.inclusion_proof(InMemory(leaves_of(3)), index, size)
    with pytest.raises(ValueError, match="cannot begin"):
        merkle.consistency_proof(InMemory(leaves_of(3)), 4, 3)


# --- hashes in files -----------------------------------------------------------------------------


def stored_tiles(folder: Path, leaves: list[bytes]) -> Tiles:
    """A tree of which the first two thirds are in the files."""
    tiles = Tiles(folder, SystemDisk())
    tiles.extend(leaves[: len(leaves) * 2 // 3])
    pieces = tiles.unstored()
    tiles.store(pieces)
    tiles.stored(pieces)
    tiles.extend(leaves[len(leaves) * 2 // 3 :])
    return tiles


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 70_000])
def test_proofs_out_of_files_are_those_out_of_memory(tmp_path: Path, size: int) -> None:
    """A tree whose hashes are partly in files proves the same, for its own size and smaller ones."""
    leaves = leaves_of(size)
    tiles = stored_tiles(tmp_path, leaves)

    assert tiles.frontier.root() == merkle.root_at(tiles, size)
    for smaller in {1, size // 2 or 1, size}:
        root = merkle.root_at(tiles, smaller)
        for index in {0, smaller // 3, smaller - 1}:
            proof = merkle.inclusion_proof(tiles, index, smaller)
            assert merkle.verify_inclusion(leaves[index], index, smaller, proof, root)
        proof = merkle.consistency_proof(tiles, smaller, size)
        assert merkle.verify_consistency(smaller, size, proof, root, tiles.frontier.root())
    tiles.close()


def test_tiles_are_those_of_the_specification(tmp_path: Path) -> None:
    """A tree of 70,000 has 273 whole tiles and one of 112 at level 0, then 1 and one of 17, then one of 1."""
    leaves = leaves_of(70_000)
    tiles = stored_tiles(tmp_path, leaves)

    assert tiles.tile(0, 272) == b"".join(leaves[272 * 256 : 273 * 256])
    assert tiles.tile(0, 273, 112) == b"".join(leaves[273 * 256 :])
    assert tiles.tile(1, 0)[:32] == naive_root(leaves[:256])
    assert tiles.tile(1, 1, 17)[-32:] == naive_root(leaves[272 * 256 : 273 * 256])
    assert tiles.tile(2, 0, 1) == naive_root(leaves[:65536])
    for level, place, width in ((0, 273, 113), (1, 1, 18), (2, 0, 2), (3, 0, 1)):
        with pytest.raises(ValueError, match="no tile"):
            tiles.tile(level, place, width)
    tiles.close()


def test_a_tree_goes_on_from_its_files(tmp_path: Path) -> None:
    """What is in the files can be taken up again at any size that they hold, and at no larger one."""
    leaves = leaves_of(900)
    stored_tiles(tmp_path, leaves).close()
    tiles = Tiles(tmp_path, SystemDisk())

    assert tiles.resume(600)
    assert tiles.frontier.root() == naive_root(leaves[:600])
    tiles.extend(leaves[600:])
    assert tiles.frontier.root() == naive_root(leaves)
    tiles.close()
    assert not Tiles(tmp_path, SystemDisk()).resume(601)
