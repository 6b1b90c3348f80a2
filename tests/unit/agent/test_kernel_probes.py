"""Mounts, modules and settings of the kernel: what moves by itself is left out."""

from __future__ import annotations

from pathlib import Path

from agent.probes.kernel import read_modules, read_mounts, setting_of, sysctl_section


def test_mounts_of_programs_and_numbers_of_a_boot_are_left_out() -> None:
    text = (
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
        "25 22 0:5 / /proc rw,nosuid shared:2 - proc proc rw\n"
        "99 22 0:50 / /var/lib/kubelet/pods/x/y rw - tmpfs tmpfs rw\n"
    )
    assert read_mounts(text) == {
        "/": {"type": "ext4", "source": "/dev/vda1", "options": ["relatime", "rw"]}
    }


def test_modules_are_told_without_addresses() -> None:
    assert read_modules("ext4 983040 1 - Live 0xffffffffc0\n") == {"ext4": {"loaded": True}}


def test_a_setting_with_a_dot_in_its_name_has_a_slash_there(tmp_path: Path) -> None:
    assert setting_of("net/ipv4/conf/eth0.7/rp_filter") == "net.ipv4.conf.eth0/7.rp_filter"
    folder = tmp_path / "proc/sys/net/ipv4"
    folder.mkdir(parents=True)
    (folder / "tcp_rmem").write_text("4096\t131072\t6291456\n")
    (folder.parents[1] / "kernel").mkdir()
    (folder.parents[1] / "kernel/ns_last_pid").write_text("4711\n")
    assert sysctl_section(tmp_path).leaves == {
        "net.ipv4.tcp_rmem": {"value": "4096 131072 6291456"}
    }
