"""Which mirrors are taken from the machine, and how programs of the tree are named."""

import json
from pathlib import Path

import pytest

from hujiao.telephony.private import PrivateTree, PrivateTreeError, ensure_tree
from hujiao.telephony.private.apt import pick_mirrors
from hujiao.telephony.private.fetch import tree_folder

pytestmark = pytest.mark.unit


def test_the_machines_main_archive_is_taken_once_and_partial_archives_never() -> None:
    lines = [
        "http://mirror.test/debian-security/\ttrixie-security\tmain",
        "http://mirror.test/debian/\ttrixie\tmain",
        "http://mirror.test/debian/\ttrixie\tcontrib",
        "http://mirror.test/debian/\ttrixie-updates\tmain",
        "http://other.test/debian/\ttrixie\tmain",
        "http://vendor.test/apt/\tstable\tother",
    ]
    assert pick_mirrors(lines) == ["http://mirror.test/debian/", "http://other.test/debian/"]


def make_tree(cache: Path) -> PrivateTree:
    folder = tree_folder(cache)
    libraries = folder / "root" / "usr" / "lib" / "x86_64-linux-gnu"
    (folder / "root" / "usr" / "sbin").mkdir(parents=True)
    libraries.mkdir(parents=True)
    (libraries / "ld-linux-x86-64.so.2").touch()
    (folder / "root" / "usr" / "sbin" / "asterisk").touch()
    row = {"name": "asterisk", "version": "1:22.10.1+dfsg-1", "architecture": "a", "sha256": "0"}
    (folder / "packages.lock.json").write_text(json.dumps({"packages": [row]}))
    return PrivateTree(folder)


def test_a_tree_that_is_there_is_used_without_network_and_its_lock_is_kept(tmp_path: Path) -> None:
    made = make_tree(tmp_path)
    lock = tmp_path / "data" / "lock.json"
    tree = ensure_tree(tmp_path, lock=lock)
    assert tree.folder == made.folder
    assert tree.asterisk_version == "22.10.1"
    assert lock.read_text() == made.lock.read_text()


def test_programs_run_through_the_trees_own_loader(tmp_path: Path) -> None:
    argv = make_tree(tmp_path).tool_command("asterisk").argv
    assert argv[0].endswith("ld-linux-x86-64.so.2")
    assert argv[1] == "--library-path"
    assert argv[-1].endswith("/usr/sbin/asterisk")


def test_a_program_the_tree_lacks_is_told_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(PrivateTreeError) as refusal:
        make_tree(tmp_path).tool_command("no-such-tool")
    assert refusal.value.advice
