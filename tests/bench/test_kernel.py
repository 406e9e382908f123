"""What the kernel counts, as it tells it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from tests.bench.kernel import MIB, Group, NotCounted, counted, group, kib

FIRST = """\
4:memory:/docker/1f
3:cpuset:/docker/1f
2:cpu,cpuacct:/docker/1f
1:name=systemd:/docker/1f
0::/docker/1f
"""
FIRST_MOUNTS = """\
22 1 259:1 / / rw,relatime - ext4 /dev/root rw
31 22 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:4 - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""
HELD_MIB = 50
SECOND = "0::/system.slice/docker-1f.scope\n"
SECOND_MOUNTS = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"


def test_first_version_has_a_directory_for_each_controller() -> None:
    """Memory and CPU are in hierarchies of their own, whatever they are mounted together with."""
    memory, cpu = Path("/sys/fs/cgroup/memory/docker/1f"), Path("/sys/fs/cgroup/cpu,cpuacct/docker/1f")
    assert group(FIRST, FIRST_MOUNTS) == Group(1, memory, cpu)


def test_second_version_has_one() -> None:
    """The unified hierarchy."""
    directory = Path("/sys/fs/cgroup/system.slice/docker-1f.scope")
    assert group(SECOND, SECOND_MOUNTS) == Group(2, directory, directory)


def test_mount_of_a_part_of_the_hierarchy_is_entered_below_that() -> None:
    """As within a container that has the host's groups bound into it."""
    mounts = "30 23 0:26 /system.slice /cg rw - cgroup2 cgroup2 rw\n"
    assert group(SECOND, mounts).memory == Path("/cg/docker-1f.scope")


@pytest.mark.parametrize("mounts", ["", FIRST_MOUNTS.replace("rw,memory", "rw,blkio")])
def test_what_is_not_mounted_is_said(mounts: str) -> None:
    """Better than figures of another group."""
    with pytest.raises(NotCounted, match="memory is not mounted for /docker/1f"):
        group(FIRST, mounts)


def test_anonymous_memory_and_cpu_of_the_first_version(tmp_path: Path) -> None:
    """`rss` there is anonymous memory, groups below included in the total; CPU is in nanoseconds."""
    (tmp_path / "memory.stat").write_text(
        "cache 45056\nrss 1\nmapped_file 7\ntotal_rss 102400\ntotal_rss_huge 0\n"
    )
    (tmp_path / "cpuacct.usage").write_text("1500000000\n")
    found = Group(1, tmp_path, tmp_path)
    assert (found.anonymous(), found.cpu_seconds()) == (102400, 1.5)


def test_anonymous_memory_and_cpu_of_the_second_version(tmp_path: Path) -> None:
    """CPU is in microseconds."""
    (tmp_path / "memory.stat").write_text("anon 204800\nfile 1\nanon_thp 0\n")
    (tmp_path / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
    found = Group(2, tmp_path, tmp_path)
    assert (found.anonymous(), found.cpu_seconds()) == (204800, 2.5)


def test_number_that_is_not_told_is_an_error() -> None:
    """Not a zero."""
    with pytest.raises(NotCounted, match="anon is not told"):
        counted("inactive_anon 4\n", "anon")


def test_group_that_has_gone_with_its_container_is_said(tmp_path: Path) -> None:
    """A peer that ends is left out of the figures; as an error of files it ended the run of all."""
    versions: tuple[Literal[1], Literal[2]] = (1, 2)
    for version in versions:
        gone = Group(version, tmp_path / "gone", tmp_path / "gone")
        for what in (gone.anonymous, gone.cpu_seconds, gone.pss, gone.peaks):
            with pytest.raises(NotCounted, match="of the control group cannot be read: No such file"):
                what()


def test_pages_of_a_process_are_read_by_their_exact_name() -> None:
    """`Pss` is not `Pss_Dirty`; a kernel thread has none."""
    rollup = "5-7 ---p 00000000 00:00 0  [rollup]\nRss:   1704 kB\nPss_Dirty:    100 kB\nPss:     981 kB\n"
    assert kib(rollup, "Pss") == 981 * 1024
    assert kib("Name:\tkthreadd\n", "VmHWM") is None


def test_pss_and_peaks_are_of_all_processes_that_are_left(tmp_path: Path) -> None:
    """PSS is summed, a peak is each one's; one that ended meanwhile has no share."""
    with holding() as one, holding() as other, holding() as ended:
        ended.kill()
        ended.wait()
        (tmp_path / "cgroup.procs").write_text(f"{one.pid}\n{other.pid}\n{ended.pid}\n")
        found = Group(1, tmp_path, tmp_path)
        assert 2 * HELD_MIB * MIB < found.pss() < 3 * HELD_MIB * MIB
        assert set(found.peaks()) == {one.pid, other.pid}
        assert all(HELD_MIB * MIB < peak < 2 * HELD_MIB * MIB for peak in found.peaks().values())
        one.kill()
        other.kill()


def holding() -> subprocess.Popen[bytes]:
    """A process that has so much memory, as soon as this returns."""
    program = f"held = b'x' * ({HELD_MIB} << 20); import sys; print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-S", "-c", program]
    made = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert made.stdout is not None
    made.stdout.readline()
    return made
