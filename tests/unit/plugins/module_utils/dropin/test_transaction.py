# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transaction over file and kernel: all of it holds, or the host is as before."""

import errno
import json
import os
import shutil

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import commit as dropin_commit
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import restore as dropin_restore
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin import transaction as dropin
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.lock import Lock
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import STATE_DIRECTORY
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import key_path
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import (
    DROPIN,
    SAVED,
    ignore,
    interrupt_at,
    kill_at,
    refuse,
    take,
    take_half,
)

RMEM, MAX, FIN, TW = "net.ipv4.tcp_rmem", "net.core.rmem_max", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_tw_reuse"
CONTENT = "# caf\u00e9\n%s = 4096 131072 16777216\n%s = 16777216\n%s = 30\n" % (RMEM, MAX, FIN)
BEFORE = {RMEM: [4096, 87380, 6291456], MAX: 212992, FIN: 60}
AFTER = {RMEM: [4096, 131072, 16777216], MAX: 16777216, FIN: 30}
CHANGED = CONTENT.replace("16777216", "33554432")
SMALLER = CONTENT.replace("%s = 30\n" % FIN, "")
FOREIGN = b"# caf\xe9, not UTF-8\nnet.ipv4.tcp_fin_timeout = 45\n"


def running(host):
    return {key: host.running(key) for key in BEFORE}


def saved(host):
    return json.loads(host.read(SAVED).decode("utf-8"))


def as_foretold(result):
    """Return the *result* of a run as check mode foretells it."""
    settings = [
        dict(one, status="planned") if one["status"] in ("applied", "restored") else one for one in result["settings"]
    ]
    return dict(result, settings=settings, saved_state=None)


def told(settings, *names):
    """Return {key: (values of the names)} of the settings in a result or an error."""
    return {one["key"]: tuple(one[name] for name in names) for one in settings}


def failure(host, *arguments, **options):
    """Run, expect a refusal or failure that names the remedy, and return it."""
    with pytest.raises(SocketMemoryError) as caught:
        host.run(*arguments, **options)
    return caught.value


# The ordinary life of a drop-in


def test_first_run(host, kernel):
    result = host.run(CONTENT)
    assert result == {
        "changed": True,
        "saved_state": SAVED,
        "warnings": [],
        "settings": [
            {
                "key": key,
                "desired": AFTER[key],
                "runtime_before": BEFORE[key],
                "runtime_after": AFTER[key],
                "boot_before": 60 if key == FIN else None,
                "boot_after": AFTER[key],
                "status": "applied",
                "reason": "",
            }
            for key in (RMEM, MAX, FIN)
        ],
        "diff": [
            {"before_header": DROPIN, "after_header": DROPIN, "before": "", "after": CONTENT},
            {
                "before_header": "running values",
                "after_header": "running values",
                "before": "%s = 4096 87380 6291456\n%s = 212992\n%s = 60\n" % (RMEM, MAX, FIN),
                "after": "%s = 4096 131072 16777216\n%s = 16777216\n%s = 30\n" % (RMEM, MAX, FIN),
            },
        ],
    }
    assert host.read(DROPIN) == CONTENT.encode("utf-8") and os.stat(host.local(DROPIN)).st_mode & 0o777 == 0o644
    assert running(host) == AFTER
    assert kernel.written == [(RMEM, "4096 131072 16777216\n"), (MAX, "16777216\n"), (FIN, "30\n")]
    assert json.loads(host.read(SAVED).decode("utf-8")) == {
        "format": 3,
        "first": {"file": None, "runtime": BEFORE},
        "previous": {"file": None, "runtime": BEFORE, "written": None},
        "written": {"file": CONTENT, "runtime": AFTER},
        "under_way": None,
        "made": [],
    }
    assert os.stat(host.local(SAVED)).st_mode & 0o777 == 0o600


def test_second_run_changes_nothing(host, kernel):
    host.run(CONTENT)
    before, kernel.written[:] = host.snapshot(), []
    result = host.run(CONTENT)
    assert not result["changed"] and result["diff"] == [] and kernel.written == []
    assert set(told(result["settings"], "status", "reason").values()) == {("unchanged", "")}
    assert host.snapshot() == before


@pytest.mark.parametrize(
    "earlier, content", [([], CONTENT), ([CONTENT], SMALLER), ([CONTENT], None), ([SMALLER], CONTENT)]
)
def test_check_mode_tells_what_a_run_does_and_writes_nothing(host, earlier, content):
    for text in earlier:
        host.run(text)
    before, locked = host.snapshot(), os.path.exists(host.local(STATE_DIRECTORY))
    foretold = host.run(content, check_mode=True)
    assert host.snapshot() == before and os.path.exists(host.local(STATE_DIRECTORY)) == locked
    assert foretold["changed"] and as_foretold(host.run(content)) == foretold
    assert "planned" in told(foretold["settings"], "status").popitem()[1] or content == SMALLER


def test_only_what_differs_is_written_and_a_drifted_value_comes_back(host, kernel):
    host.run(CONTENT)
    kernel.written[:] = []
    host.write(key_path(FIN), "99\n")
    result = host.run("# another comment\n" + CONTENT)
    assert kernel.written == [(FIN, "30\n")] and [one["before_header"] for one in result["diff"]] == [
        DROPIN,
        "running values",
    ]
    assert saved(host)["first"]["runtime"] == BEFORE


def test_without_runtime_only_the_file_is_written(host, kernel):
    result = host.run(CONTENT, runtime=False)
    assert result["changed"] and kernel.written == [] and host.read(DROPIN) == CONTENT.encode("utf-8")
    assert told(result["settings"], "runtime_after", "boot_after") == {key: (BEFORE[key], AFTER[key]) for key in BEFORE}
    assert not host.run(CONTENT, runtime=False)["changed"]


def test_a_key_that_left_the_content_gets_its_value_back(host):
    host.run(CONTENT)
    result = host.run(SMALLER)
    assert told(result["settings"], "status", "runtime_after")[FIN] == ("restored", 60)
    assert running(host) == dict(AFTER, **{FIN: 60}) and FIN not in saved(host)["written"]["runtime"]
    assert not host.run(SMALLER)["changed"]
    assert FIN in saved(host)["first"]["runtime"], "state previous needs it"
    host.run("# again\n" + SMALLER)
    assert FIN not in saved(host)["first"]["runtime"], "and now no more"


def test_a_value_changed_by_somebody_else_is_left_alone_when_its_key_leaves(host):
    host.run(CONTENT)
    host.write(key_path(FIN), "99\n")
    result = host.run(SMALLER)
    assert host.running(FIN) == 99
    assert told(result["settings"], "status", "reason")[FIN] == (
        "skipped",
        "changed by somebody else since, it runs with 99: left as it is",
    )
    assert FIN + ": changed by somebody else since, it runs with 99: left as it is" in result["warnings"]


@pytest.mark.parametrize("foreign", [None, FOREIGN])
def test_absent_brings_the_host_back_byte_for_byte_and_then_changes_nothing(host, foreign):
    if foreign:
        host.write(DROPIN, foreign)
        host.write(key_path(FIN), "45\n")
        os.chmod(host.local(DROPIN), 0o640)
    before = host.snapshot()
    host.run(CONTENT)
    host.run(SMALLER)
    assert host.read(DROPIN) == SMALLER.encode("utf-8")
    result = host.run()
    assert result["changed"] and set(told(result["settings"], "status")) == {RMEM, MAX}
    assert host.snapshot() == before and os.listdir(host.local("/var/lib")) == []
    again = host.run()
    assert (
        not again["changed"] and again["settings"] == [] and host.read(DROPIN) == foreign and host.snapshot() == before
    )


def test_after_absent_a_new_run_takes_the_host_as_it_is_then(host):
    host.write(DROPIN, FOREIGN)
    host.run(CONTENT)
    host.run()
    host.write(DROPIN, "# edited\n%s = 50\n" % FIN)
    host.run(CONTENT)
    host.run()
    assert host.read(DROPIN) == b"# edited\n%s = 50\n" % FIN.encode("ascii")


def test_absent_leaves_a_file_alone_that_was_never_written_here(host):
    host.write(DROPIN, FOREIGN)
    result = host.run()
    assert result["changed"] is False and result["settings"] == []
    assert "was not written by this module" in result["warnings"][0]
    assert host.read(DROPIN) == FOREIGN and host.running(FIN) == BEFORE[FIN]


@pytest.mark.parametrize("content, force", [(SMALLER, False), (None, True)])
def test_a_copy_is_kept_of_what_somebody_edited_since(host, content, force):
    host.run(CONTENT)
    host.write(DROPIN, CONTENT + "# mine\n")
    result = host.run(content, force=force)
    assert "is kept in /var/lib/linux_net.socket_memory/etc-sysctl.d-99-tcp-memory.conf.edited" in result["warnings"][0]
    assert host.read(SAVED.replace(".json", ".edited")) == (CONTENT + "# mine\n").encode("utf-8")
    assert host.read(DROPIN) == (content and content.encode("utf-8"))


def test_a_file_of_sysctl_d_that_cannot_be_read_is_a_warning(host):
    host.write("/etc/sysctl.d/50-a.conf", os.mkdir)
    assert host.run(CONTENT)["warnings"] == [
        "/etc/sysctl.d/50-a.conf cannot be read, what it sets is not known: not a regular file"
    ]


def test_a_link_stays_and_leftovers_of_a_killed_run_go(host):
    host.write("/etc/target", "")
    host.write("/etc/.ansible-target.old", "half")
    host.write(DROPIN, lambda path: os.symlink("/etc/target", path))
    host.run(CONTENT)
    assert os.readlink(host.local(DROPIN)) == "/etc/target" and host.read("/etc/target") == CONTENT.encode("utf-8")
    assert not os.path.exists(host.local("/etc/.ansible-target.old"))


# Refusals: before anything is changed


@pytest.mark.parametrize(
    "line, named",
    [
        ("%s 30" % FIN, "'%s 30'" % FIN),
        ("-%s" % FIN, "the exclusion"),
        ("%s = 1 2" % RMEM, RMEM),
        ("%s = 16M" % TW, "16M"),
        ("%s = 010" % TW, "010"),
        ("%s = 30 # why" % TW, "30 # why"),
        ("%s =" % TW, TW),
        ("%s = 1\x00" % TW, TW),
        ("%s = a = b" % TW, "'='"),
        ("%s = 31" % FIN, "first set in line 4"),
        ("net/ipv4/tcp_fin_timeout = 31", "again"),
        ("net.ipv4.tcp_*mem = 1 2 3", "tcp_*mem"),
        ("net.ipv4.. = 1", "net.ipv4.."),
        ("= 1", "''"),
    ],
)
def test_content_with_a_line_that_is_not_one_plain_assignment_is_refused(host, line, named):
    before = host.snapshot()
    error = failure(host, CONTENT + line + "\n")
    assert named in str(error) and ": found " in str(error) and ", expected " in str(error)
    assert host.snapshot() == before


@pytest.mark.parametrize("content", ["", "# nothing\n", "\n;\n"])
def test_content_without_an_assignment_is_refused(host, content):
    assert "state: absent" in str(failure(host, content, state="present"))


@pytest.mark.parametrize(
    "path",
    [
        "99-a.conf",
        "/etc/sysctl.conf",
        "/etc/sysctl.d",
        "/etc/sysctl.d/",
        "/etc/sysctl.d/a",
        "/etc/sysctl.d/a.conf.bak",
        "/etc/sysctl.d/.a.conf",
        "/etc/sysctl.d/x/a.conf",
        "/etc/sysctl.d/../a.conf",
        "/lib/sysctl.d/a.conf",
        "/etc/sysctl.d/a b.conf",
        "/etc/sysctl.d/a.conf\n",
        "/proc/sys/a.conf",
    ],
)
def test_a_path_that_is_not_read_at_boot_is_refused(host, path):
    assert str(failure(host, CONTENT, path=path)).startswith("path: found %r, expected " % path)


def test_a_masked_path_is_refused(host):
    host.write("/dev/null", "")
    host.write(DROPIN, lambda path: os.symlink("/dev/null", path))
    for content in (CONTENT, None):
        assert "masks the file" in str(failure(host, content))


@pytest.mark.parametrize(
    "path, text, named",
    [
        (DROPIN, os.mkdir, DROPIN + " cannot be read: not a regular file"),
        (DROPIN, os.mkfifo, DROPIN + " cannot be read: not a regular file"),
        (STATE_DIRECTORY, "a file", "cannot be written: it is a link or no directory"),
        (STATE_DIRECTORY, lambda path: os.symlink("/tmp", path), "cannot be written: it is a link or no directory"),
    ],
)
def test_what_must_not_be_replaced_is_refused(host, path, text, named):
    host.write(path, text)
    before = host.snapshot()
    error = str(failure(host, CONTENT))
    assert named in error and "Nothing was changed" in error and host.snapshot() == before


def test_another_run_is_told_by_its_process(host):
    host.run(CONTENT)
    lock = Lock(host.files)
    lock.take()
    try:
        host.write(STATE_DIRECTORY + "/lock", ("%d\n" % os.getpid(), "4242\n"))
        assert "Another run (process 4242)" in str(failure(host, SMALLER))
        assert not host.run(CONTENT, check_mode=True)["changed"]
    finally:
        assert lock.release() == []
    assert host.run(SMALLER)["changed"]


def test_only_root_changes_the_live_host(kernel, monkeypatch):
    kernel.geteuid = lambda: 1000
    monkeypatch.setattr(dropin, "Lock", None)  # nothing may be touched
    with pytest.raises(SocketMemoryError, match="become: true"):
        dropin.run({"path": DROPIN, "content": CONTENT, "state": "present", "check_mode": False})


def test_what_lint_calls_an_error_is_refused_and_its_warnings_are_told(host):
    before = host.snapshot()
    error = failure(host, "%s = 99999 200 300\n%s = 0\n%s = 1\n" % (RMEM, FIN, TW))
    assert host.snapshot() == before
    assert (
        "%s: found 99999 200 300" % RMEM in str(error)
        and "%s: found 0" % FIN in str(error)
        and TW + ":" not in str(error)
    )
    assert told(error.results["settings"], "status", "runtime_after", "boot_after") == {
        RMEM: ("failed", BEFORE[RMEM], None),
        FIN: ("failed", 60, 60),
        TW: ("unchanged", 2, None),
    }
    warnings = host.run("%s = 4096 131072 4194304\n" % RMEM)["warnings"]
    assert len(warnings) == 1 and "below the 4096 87380 6291456 this host runs with" in warnings[0]


def test_only_raise_refuses_to_lower(host):
    error = failure(host, "%s = 4096 131072 4194304\n" % RMEM, only_raise=True)
    assert "below the 4096 87380 6291456 this host runs with" in str(error) and host.read(DROPIN) is None
    assert host.run("%s = 30\n" % FIN, only_raise=True)["changed"]


@pytest.mark.parametrize("unavailable", ["skip", "fail"])
def test_keys_that_this_namespace_does_not_have_or_lets_nobody_write(host_of, kernel, unavailable):
    host = host_of("container")
    kernel.read_only, kernel.geteuid = [FIN], lambda: 0  # only for root is it known what may be written
    content = CONTENT + "net.ipv4.tcp_mem = 300000 400000 600000\n"
    reasons = {
        MAX: "this kernel or network namespace has no such key",
        "net.ipv4.tcp_mem": "this kernel or network namespace has no such key",
        FIN: "read-only here",
    }
    if unavailable == "fail":
        error = failure(host, content, unavailable="fail")
        settings, text = error.results["settings"], str(error)
        assert host.read(DROPIN) is None and host.running(RMEM) == BEFORE[RMEM]
    else:
        result = host.run(content)
        settings, text = result["settings"], " ".join(result["warnings"])
        assert host.read(DROPIN) == content.encode("utf-8") and kernel.written == [(RMEM, "4096 131072 16777216\n")]
        assert not host.run(content)["changed"]
    assert {
        key: reason for key, (status, reason) in told(settings, "status", "reason").items() if status == "skipped"
    } == reasons
    assert all(key in text and reason in text for key, reason in reasons.items())


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.ESTALE, errno.ENOMEM, errno.EINTR])
@pytest.mark.parametrize(
    "path, told_of",
    [
        (key_path(FIN), "%s: %s cannot be read: %%s" % (FIN, key_path(FIN))),
        ("/proc/meminfo", "/proc/meminfo cannot be read: %s"),
        ("/proc/sys/kernel/random/boot_id", "/proc/sys/kernel/random/boot_id cannot be read: %s"),
        (DROPIN, DROPIN + " cannot be read: %s"),
        (SAVED, "cannot be used: it cannot be read: %s"),
    ],
)
@pytest.mark.parametrize("content", [CHANGED, SMALLER, None], ids=["changed", "key left", "absent"])
@pytest.mark.parametrize("check_mode", [False, True])
def test_what_cannot_be_read_is_not_absent(host, monkeypatch, number, path, told_of, content, check_mode):
    """Nothing is skipped, and nothing is touched."""
    host.run(CONTENT)
    before, opened = host.snapshot(), os.open

    def fail(name, flags, *arguments, **options):
        if name == host.local(path):
            raise OSError(number, os.strerror(number), name)
        return opened(name, flags, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        if content is None and path == "/proc/meminfo":  # which a way back does not need
            host.run(check_mode=check_mode)
            return
        message = str(failure(host, content, check_mode=check_mode))
    assert told_of % os.strerror(number) in message and "othing was changed" in message
    assert host.snapshot() == before


LIB, ETC, RUN = "/usr/lib/sysctl.d/", "/etc/sysctl.d/", "/run/sysctl.d/"
OTHER = "%s = 10\n" % FIN
SETS, EXCLUDES = "%s line 1 sets 10 at the next boot", "%s line 2 excludes it"
HIDES = "%s, of the same name in a directory that goes first, hides this file"


def mask(path):
    os.symlink("/dev/null", path)


@pytest.mark.parametrize(
    "path, others, reason, better",
    [
        (DROPIN, {RUN + "99-z.conf": OTHER}, SETS % (RUN + "99-z.conf"), ETC + "z-99-tcp-memory.conf"),
        (
            DROPIN,
            {RUN + "zz.conf": OTHER, ETC + "99-z.conf": "%s = 20\n" % FIN},
            SETS % (RUN + "zz.conf"),
            ETC + "zzz-99-tcp-memory.conf",
        ),
        (LIB + "50-a.conf", {ETC + "50-a.conf": OTHER}, SETS % (ETC + "50-a.conf"), LIB + "z-50-a.conf"),
        (LIB + "51-a.conf", {ETC + "51-a.conf": "%s = 10\n" % TW}, HIDES % (ETC + "51-a.conf"), LIB + "z-51-a.conf"),
        (LIB + "51-a.conf", {ETC + "51-a.conf": mask}, HIDES % (ETC + "51-a.conf"), LIB + "z-51-a.conf"),
        (
            LIB + "51-a.conf",
            {RUN + "51-a.conf": mask, ETC + "z-51-a.conf": mask},
            HIDES % (RUN + "51-a.conf"),
            LIB + "zz-51-a.conf",
        ),
        (
            DROPIN,
            {ETC + "99-z.conf": "#\n-net/ipv4/tcp_fin_timeout\n"},
            EXCLUDES % (ETC + "99-z.conf"),
            ETC + "z-99-tcp-memory.conf",
        ),
        (
            DROPIN,
            {ETC + "a.conf": "#\n-%s\n" % FIN, RUN + "b.conf": "-%s\n" % FIN, ETC + "z.conf": "#"},
            EXCLUDES % (ETC + "a.conf"),
            ETC + "z-99-tcp-memory.conf",
        ),
        (DROPIN, {RUN + "~.conf": OTHER}, SETS % (RUN + "~.conf"), None),
    ],
)
def test_a_key_that_another_file_takes_at_boot(host, path, others, reason, better):
    host.write(LIB + "50-vendor.conf", None)
    host.write("/dev/null", "")
    for other, text in others.items():
        host.write(other, text)
    before = host.snapshot()
    error = failure(host, "%s = 30\n" % FIN, path=path)
    assert told(error.results["settings"], "status", "reason") == {FIN: ("shadowed", reason)} and reason in str(error)
    assert ("use the path %s, which is read later" % better if better else "no other name was found") in str(error)
    assert host.snapshot() == before
    assert str(failure(host, "%s = 30\n" % FIN, path=path, check_mode=True)) == str(error), (
        "check mode must foretell it"
    )
    foretold = host.run("%s = 30\n" % FIN, path=path, shadowed="warn", check_mode=True)
    result = host.run("%s = 30\n" % FIN, path=path, shadowed="warn")
    assert told(result["settings"], "status", "runtime_after", "boot_after") == {
        FIN: ("shadowed", 30, 10 if reason.endswith("boot") else None)
    }
    assert (
        as_foretold(result) == foretold
        and "does not hold after a boot" in " ".join(result["warnings"])
        and reason in " ".join(result["warnings"])
    )
    if better:
        assert host.run("%s = 30\n" % FIN, path=better)["settings"][0]["boot_after"] == 30


@pytest.mark.parametrize(
    "text", ["net.ipv4.tcp_fin_* = 10\n", "-net.ipv4.tcp_fin_*\n", "net/ipv4.tcp_fin_timeout = 10\n", "%s = 30\n" % FIN]
)
def test_a_later_file_that_takes_nothing_is_no_reason_to_refuse(host, text):
    """A wildcard never beats a key in full, and the same value is as good."""
    host.write(ETC + "zz.conf", text)
    assert told(host.run("%s = 30\n" % FIN)["settings"], "status", "boot_after") == {FIN: ("applied", 30)}


def test_each_key_is_told_by_its_own_winner_and_the_advice_is_for_all(host):
    host.write(ETC + "99-z.conf", "-%s\n" % FIN)
    host.write(RUN + "zz.conf", "%s = 1\n" % MAX)
    error = failure(host, CONTENT)
    assert told(error.results["settings"], "status", "reason") == {
        RMEM: ("unchanged", ""),
        MAX: ("shadowed", RUN + "zz.conf line 1 sets 1 at the next boot"),
        FIN: ("shadowed", ETC + "99-z.conf line 1 excludes it"),
    }
    assert "use the path %szzz-99-tcp-memory.conf" % ETC in str(error)


# Failures: everything is put back

EARLIER = {
    "nothing": [],
    "a foreign file": [FOREIGN],
    "an earlier run": [SMALLER],
    "an earlier run over a foreign file": [FOREIGN, SMALLER],
}


@pytest.fixture(params=sorted(EARLIER))
def used_host(request, host):
    """Hosts with different pasts."""
    for text in EARLIER[request.param]:
        if isinstance(text, bytes):
            host.write(DROPIN, text)
        else:
            host.run(text)
    return host


@pytest.mark.parametrize(
    "answers, failed, reason",
    [
        ({FIN: (refuse,)}, [FIN], "the kernel refused 30: Invalid argument"),
        ({RMEM: (refuse,), FIN: (refuse,)}, [RMEM, FIN], "the kernel refused"),
        ({RMEM: (take_half, take)}, [RMEM], "the kernel refused 4096 131072 33554432: Invalid argument"),
        ({MAX: (lambda old, new: (["425984"], None), take)}, [MAX], "after writing 33554432 the kernel holds 425984"),
    ],
)
def test_a_refused_value_takes_back_everything_and_names_each_key(used_host, kernel, answers, failed, reason):
    before = used_host.snapshot()
    kernel.answers = answers
    error = failure(used_host, CHANGED)
    assert used_host.snapshot() == before
    assert "File and running values are as before." in str(error)
    assert sorted(
        key for key, (status,) in told(error.results["settings"], "status").items() if status == "failed"
    ) == sorted(failed)
    for one in error.results["settings"]:
        assert one["runtime_after"] == one["runtime_before"] and one["boot_after"] == one["boot_before"]
        assert one["status"] != "failed" or reason in one["reason"] and one["key"] in str(error)


def test_a_value_that_no_kernel_takes_is_for_the_kernel_to_refuse(host, kernel):
    """And not blamed on another file."""
    kernel.answers = {TW: (refuse,)}
    assert "%s: the kernel refused 3 (Invalid argument), it ran with 2. Correct the value." % TW in str(
        failure(host, "%s = 3\n" % TW)
    )


@pytest.mark.parametrize("step, error", [("rename", errno.EROFS), ("fsync", errno.ENOSPC)])
def test_a_file_that_cannot_be_written_changes_nothing(used_host, monkeypatch, step, error):
    before = used_host.snapshot()
    original = getattr(os, step)
    calls = []

    def fail_once(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise OSError(error, os.strerror(error))
        return original(*arguments)

    monkeypatch.setattr(os, step, fail_once)
    assert os.strerror(error) in str(failure(used_host, CHANGED))
    assert used_host.snapshot() == before


@pytest.mark.parametrize("second_answer", [refuse, ignore])
def test_what_could_not_be_put_back_is_said_loudly(host, kernel, second_answer):
    kernel.answers = {RMEM: (take, second_answer), FIN: (refuse,)}
    error = failure(host, CONTENT)
    loud = str(error).split("NOT restored, act now: ")[1]
    assert loud.startswith(RMEM) and "4096 87380 6291456" in loud and FIN not in loud
    assert told(error.results["settings"], "runtime_after") == {RMEM: (AFTER[RMEM],), MAX: (212992,), FIN: (60,)}
    assert host.read(DROPIN) is None


@pytest.mark.parametrize(
    "error",
    [TypeError("no"), RecursionError(), MemoryError(), UnicodeEncodeError("ascii", "x", 0, 1, "no"), KeyError("a")],
)
def test_whatever_goes_wrong_with_one_key_the_others_and_the_file_are_put_back(used_host, monkeypatch, error):
    """Also with putting it back, and that is said."""
    before, write_running = used_host.snapshot(), dropin_commit.write_running
    key = FIN if used_host.running(FIN) == 60 else MAX

    def fail(files, written, value):
        if written == key and value == AFTER[FIN]:
            raise error
        write_running(files, written, value)

    monkeypatch.setattr(dropin_commit, "write_running", fail)
    told_once = failure(used_host, CHANGED)
    assert "was not brought to its new state. unexpected %s: " % type(error).__name__ in str(
        told_once
    ) and "as before." in str(told_once)
    assert "Traceback" in told_once.results["exception"] and used_host.snapshot() == before

    def fail_again(files, written, value):
        if written == RMEM:
            raise error
        write_running(files, written, value)

    monkeypatch.setattr(dropin_restore, "write_running", fail_again)
    loud = str(failure(used_host, CHANGED)).split("NOT restored, act now: ")[1]
    assert (
        loud.startswith("%s: unexpected %s" % (RMEM, type(error).__name__))
        and "What to go back to is saved in %s." % SAVED in loud
    )
    assert (
        used_host.read(DROPIN) == before.get(DROPIN, (0, None))[1]
        and used_host.running(FIN) == 60
        and used_host.running(RMEM)[2] == 33554432
    )


def test_an_interrupt_that_leaves_something_behind_is_told(used_host, monkeypatch):
    def interrupt(*_arguments):
        raise KeyboardInterrupt()

    monkeypatch.setattr(dropin_commit, "read_running", interrupt)
    with pytest.raises(KeyboardInterrupt):
        used_host.run(CHANGED)
    monkeypatch.setattr(dropin_restore, "write_running", interrupt)
    assert "NOT restored, act now: " in str(failure(used_host, CHANGED))


def test_a_file_that_comes_in_between_and_wins_is_a_failure(host, kernel):
    def meanwhile(old, new):
        host.write("/etc/sysctl.d/zz.conf", "%s = 10\n" % FIN)
        return new, None

    kernel.answers = {FIN: (meanwhile, take)}
    error = failure(host, CONTENT)
    assert "%s: the next boot sets 10, expected 30" % FIN in str(error)
    assert host.read(DROPIN) is None and running(host) == BEFORE


def every_step(attempt):
    """Call attempt(step), which returns whether a run got so far, for each step until one got through; yields after
    each other.
    """
    for step in range(20):
        if not attempt(step):
            assert step > 2, "too few steps to mean anything"
            return
        yield step


@pytest.mark.parametrize("content", [CHANGED, None], ids=["present", "absent"])
def test_an_interrupt_at_any_step_leaves_the_host_as_it_was(used_host, monkeypatch, content):
    if content is None and used_host.read(SAVED) is None:
        used_host.run(CONTENT)
    before = used_host.snapshot()
    for step in every_step(lambda step: interrupt_at(monkeypatch, step, lambda: used_host.run(content))):
        assert used_host.snapshot() == before, step


@pytest.mark.parametrize("content", [CHANGED, SMALLER, None], ids=["changed", "key left", "absent"])
def test_killed_at_any_step_the_file_is_old_or_new_and_the_next_run_gets_there(used_host, content):
    """And what was before the first run is never lost."""
    if content != CHANGED:
        used_host.run(CONTENT)
    old, saved = used_host.read(DROPIN), used_host.root + ".saved"
    shutil.copytree(used_host.root, saved, symlinks=True)

    def rewind():
        shutil.rmtree(used_host.root)
        shutil.copytree(saved, used_host.root, symlinks=True)

    used_host.run(content)
    goal, new = used_host.snapshot(), used_host.read(DROPIN)
    rewind()
    for step in every_step(lambda step: kill_at(step, lambda: used_host.run(content))):
        assert used_host.read(DROPIN) in (old, new), step
        used_host.run(content)
        assert used_host.snapshot() == goal, step
        rewind()


def test_absent_without_runtime_keeps_the_way_back(host):
    host.run(CONTENT)
    result = host.run(runtime=False)
    assert {one["status"] for one in result["settings"]} == {"skipped"}
    host.run()
    assert running(host) == BEFORE


def test_after_the_way_back_the_file_is_somebody_elses(host):
    host.write(DROPIN, FOREIGN)
    host.run(CONTENT)
    host.run()
    host.write(DROPIN, FOREIGN + b"# edited\n")
    assert host.run()["changed"] is False
    assert host.read(DROPIN) == FOREIGN + b"# edited\n"


def test_leftovers_of_the_record_go_too(host):
    host.write(STATE_DIRECTORY + "/.ansible-etc-sysctl.d-99-tcp-memory.conf.json.x", "half")
    host.run(CONTENT)
    assert sorted(os.listdir(host.local(STATE_DIRECTORY))) == [os.path.basename(SAVED), "lock"]


@pytest.mark.parametrize(
    "content, path", [("%s = 30\u00a0\n" % FIN, DROPIN), ("%s = 30\n" % FIN, "/etc/sysctl.d//99-x.conf")]
)
def test_what_only_looks_right_is_refused(host, content, path):
    """A blank that is none to the kernel, a path that is none to the resolver."""
    failure(host, content, path=path)
