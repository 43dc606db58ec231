# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the transaction over file and kernel does in each situation, what it returns and says, and what it leaves."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from ansible_collections.linux_net.socket_memory.tests.recorded.cases import (
    FIN,
    MAX,
    MEM,
    REUSE,
    RMEM,
    host_of,
    outcome,
    told,
)
from ansible_collections.linux_net.socket_memory.tests.recorded.collection import (
    DROPIN,
    RECORD,
    Kernel,
    ignore,
    refuse,
    take,
    take_half,
)

STATE = os.path.dirname(RECORD)
BOOT_ID = "/proc/sys/kernel/random/boot_id"
LOCAL = "/proc/sys/" + FIN.replace(".", "/")
ETC, RUN, LIB = "/etc/sysctl.d/", "/run/sysctl.d/", "/usr/lib/sysctl.d/"

ONE = f"# caf\u00e9\n{FIN} = 30\n"
THREE = f"{RMEM} = 4096 131072 16777216\n{MAX} = 16777216\n{FIN} = 30\n"
TWO = f"{RMEM} = 4096 131072 33554432\n{MAX} = 33554432\n"  # without FIN
OTHER = f"{FIN} = 20\n"
FOREIGN = "# somebody else's\n" + f"{FIN} = 45\n"


class Situation:
    """One host, and what is done to it; what runs of it are recorded."""

    def __init__(self, host: Any, kernel: Kernel) -> None:
        self.host, self.kernel, self.runs = host, kernel, []
        self.before = host.snapshot()

    def run(self, content: str | None = None, **params: Any) -> None:
        """Run the transaction and record what comes of it."""
        self.runs.append(shortened(outcome(self.host.run, content, **params)))

    def earlier(self, *contents: str) -> None:
        """Run it without recording what comes of it."""
        for content in contents:
            self.host.run(content)
        self.kernel.written.clear()

    def put(self, path: str, text: Any) -> None:
        """Put a file on the host, as Host.write does."""
        self.host.write(path, text)

    def somebody_sets(self, value: Any, key: str = FIN) -> None:
        """Set a running value as somebody else does."""
        self.put("/proc/sys/" + key.replace(".", "/"), f"{value}\n")

    def boot(self, *texts: str) -> None:
        """Boot the host: *texts* are the files that set values then, over the kernel's defaults.

        The default of RMEM is another one now.
        """
        values = {RMEM: "4096 87381 6291457", MAX: "212992", FIN: "60"}
        for text in texts:
            values.update(line.split(" = ") for line in text.splitlines() if line[0] != "#")
        for key, value in values.items():
            self.somebody_sets(value, key)
        self.put(BOOT_ID, "another boot\n")

    def killed(self, content: str | None, at: str, **params: Any) -> None:
        """Run it in a process of its own, which ends before it renames a file to *at*, or writes the key *at*."""
        process = os.fork()
        if process:
            assert os.waitpid(process, 0)[1] == 0, f"nothing was written to {at}"
        else:
            self._end_before(at, lambda: self.host.run(content, **params))

    def _end_before(self, at: str, run: Callable[[], Any]) -> None:
        """End this process before *run* writes to *at*; where it does not, with an exit code that says so."""
        rename = os.rename

        def end(_old: list[str], _new: list[str]) -> None:
            os._exit(0)

        def end_or_rename(old: str, new: str) -> None:
            if new.endswith(at):
                os._exit(0)
            rename(old, new)

        os.rename, self.kernel.answers = end_or_rename, {at: (end,)}
        try:
            run()
        finally:
            os._exit(1)

    def left(self) -> dict[str, Any]:
        """Return what is on the host in the end and was not there before, and what was written to the kernel."""
        before, after = self.before, self.host.snapshot()
        state = self.host.local(STATE)
        saved = sorted(os.listdir(state)) if os.path.isdir(state) else []
        return {
            "files": {
                path: _described(*after[path]) if path in after else "gone"
                for path in sorted({*before, *after})
                if before.get(path) != after.get(path) and not path.startswith(STATE)
            },
            "saved": " ".join(saved).replace(os.path.basename(RECORD), "record"),
            "written": [f"{key} = {value.strip()}" for key, value in self.kernel.written],
        }


def _described(mode: int, content: bytes | str | list[bytes] | None) -> str:
    """Return a file of Host.snapshot in a few words."""
    if isinstance(content, list):  # of a running value
        return b" ".join(content).decode("ascii")
    return f"{mode:o} " + (content.decode("utf-8", "backslashreplace") if isinstance(content, bytes) else content or "")


FIELDS = {"key", "desired", "runtime_before", "runtime_after", "boot_before", "boot_after", "status", "reason"}
DIFF_FIELDS = {"before_header", "before", "after_header", "after"}


def shortened(run: dict[str, Any]) -> dict[str, Any]:
    """Return the outcome of a run in fewer lines, without what is empty; what has other fields stays as it is.

    settings: {key: [status, desired, [runtime before, after], [boot before, after], reason]}.
    diff: {header: [before, after]}.
    """
    if "result" in run:
        return {"result": shortened(run["result"])}
    short = dict(run)
    if short.get("saved_state") == RECORD:
        del short["saved_state"]
    if all(set(one) == DIFF_FIELDS for one in run.get("diff", ())):
        short["diff"] = {one["before_header"]: [one["before"], one["after"]] for one in run.get("diff", ())}
    if all(set(one) == FIELDS for one in run.get("settings", ())):
        short["settings"] = {
            one["key"]: [
                one["status"],
                one["desired"],
                [one["runtime_before"], one["runtime_after"]],
                [one["boot_before"], one["boot_after"]],
                one["reason"],
            ]
            for one in run.get("settings", ())
        }
    return {name: value for name, value in short.items() if value or name == "changed"}


SITUATIONS: dict[str, Callable[[Situation], None]] = {}


def situation(action: Callable[[Situation], None]) -> Callable[[Situation], None]:
    """Record what *action* does, under the name of its docstring."""
    SITUATIONS[action.__doc__.rstrip(".")] = action
    return action


# The ordinary life of a drop-in


@situation
def second_run(it: Situation) -> None:
    """A second run."""
    it.earlier(ONE)
    it.run(ONE)


@situation
def check_mode(it: Situation) -> None:
    """Check mode."""
    it.earlier(THREE)
    it.run(TWO, check_mode=True)
    it.run(check_mode=True)
    it.run(state="previous", check_mode=True)


@situation
def key_left(it: Situation) -> None:
    """A key that leaves the content."""
    it.earlier(THREE)
    it.run(TWO)


@situation
def changed_key_left(it: Situation) -> None:
    """A key that leaves the content, and that somebody changed since."""
    it.earlier(THREE)
    it.somebody_sets(99)
    it.run(TWO)


@situation
def drifted(it: Situation) -> None:
    """A running value that drifted, and another comment."""
    it.earlier(ONE)
    it.somebody_sets(99)
    it.run("# another\n" + ONE)


@situation
def without_runtime(it: Situation) -> None:
    """Without runtime."""
    it.run(ONE, runtime=False)
    it.run(ONE, runtime=False)
    it.run(runtime=False)


@situation
def over_foreign_file(it: Situation) -> None:
    """Over the file of somebody else, and back."""
    it.put(DROPIN, FOREIGN.encode() + b"\xe9\x1b[2J\n")
    os.chmod(it.host.local(DROPIN), 0o640)
    it.run(ONE)
    it.run()
    it.run()


@situation
def edited(it: Situation) -> None:
    """Over a file that somebody edited since."""
    it.earlier(ONE)
    it.put(DROPIN, ONE + "# mine\n")
    it.run(OTHER)


@situation
def not_written_here(it: Situation) -> None:
    """Absent, over a file that was never written here."""
    it.put(DROPIN, FOREIGN)
    it.run()
    it.run(state="previous")


@situation
def nothing_to_take_back(it: Situation) -> None:
    """Absent and previous, with nothing to take back."""
    it.run()
    it.run(state="previous")


@situation
def link(it: Situation) -> None:
    """A link, and leftovers of a killed run."""
    it.put("/etc/target", "")
    it.put("/etc/.ansible-target.1", "half")
    it.put(DROPIN, lambda path: os.symlink("/etc/target", path))
    it.run(ONE)


@situation
def unreadable_neighbour(it: Situation) -> None:
    """Beside a file of sysctl.d that cannot be read."""
    it.put(ETC + "50-a.conf", os.mkdir)
    it.run(ONE)


@situation
def other_key(it: Situation) -> None:
    """A key that the collection does not manage."""
    it.put("/proc/sys/vm/swappiness", "60\n")
    it.run("vm.swappiness = 10\n")
    it.run()


@situation
def lint_warning(it: Situation) -> None:
    """What lint warns of, and with its reason silenced."""
    it.run(f"{RMEM} = 4096 131072 4194304\n", check_mode=True)
    it.run(
        f"{RMEM} = 4096 131072 4194304\n",
        silence={"lowers": "memory is needed elsewhere", "cap-below-autotuning": "so is this"},
    )


@situation
def previous(it: Situation) -> None:
    """Previous, again, and absent."""
    it.earlier(THREE, TWO)
    it.run(state="previous")
    it.run(state="previous")
    it.run()


@situation
def previous_of_first(it: Situation) -> None:
    """Previous of the first run."""
    it.put(DROPIN, FOREIGN)
    it.earlier(ONE)
    it.run(state="previous")


@situation
def back_without_runtime(it: Situation) -> None:
    """Absent without runtime, then with it."""
    it.earlier(ONE)
    it.run(runtime=False)
    it.run()


# Refusals


@situation
def lint_error(it: Situation) -> None:
    """What lint refuses."""
    it.run(f"{RMEM} = 99999 200 300\n{FIN} = 0\n{REUSE} = 1\n")
    it.run(f"{MEM} = 262144000 393216000 524288000\n")
    it.run(f"{RMEM} = 4096 131072 4194304\n", only_raise=True)


@situation
def container(it: Situation) -> None:
    """Keys that this namespace does not have, or lets nobody write."""
    it.kernel.read_only, it.kernel.geteuid = [FIN], lambda: 0
    for key in (MAX, MEM):
        it.put("/proc/sys/" + key.replace(".", "/"), None)
    it.run(THREE + f"{MEM} = 300000 400000 600000\n", unavailable="fail")
    it.run(THREE + f"{MEM} = 300000 400000 600000\n")


def shadowed(path: str = DROPIN, **others: Any) -> Callable[[Situation], None]:
    """Return what runs beside *others*, which win at the next boot."""

    def action(it: Situation) -> None:
        it.put(LIB + "50-vendor.conf", None)
        it.put("/dev/null", "")
        for name, text in others.items():
            it.put({"etc": ETC, "run": RUN, "lib": LIB}[name[:3]] + name[4:].replace("_", "-") + ".conf", text)
        it.run(ONE, path=path)

    return action


def mask(path: str) -> None:
    """Make a link that masks."""
    os.symlink("/dev/null", path)


SITUATIONS.update(
    {
        "Shadowed by a later file": shadowed(run_99_z=OTHER),
        "Shadowed by two files": shadowed(run_zz=OTHER, etc_99_z=OTHER),
        "Shadowed by a file of the same name": shadowed(LIB + "50-a.conf", etc_50_a=OTHER),
        "Shadowed by a file of the same name that does not set it": shadowed(
            LIB + "51-a.conf", etc_51_a=f"{REUSE} = 1\n"
        ),
        "Shadowed by a mask": shadowed(LIB + "51-a.conf", run_51_a=mask, etc_z_51_a=mask),
        "Shadowed by an exclusion": shadowed(etc_99_z="#\n-net/ipv4/tcp_fin_timeout\n"),
        "Shadowed by two exclusions": shadowed(etc_a=f"#\n-{FIN}\n", run_b=f"-{FIN}\n"),
        "Shadowed by what no name is read after": shadowed(**{"run_~": OTHER}),
        "Beside a wildcard, which does not win": shadowed(etc_zz="net.ipv4.tcp_fin_* = 10\n"),
        "Beside the same value": shadowed(etc_zz=f"{FIN} = 30\n"),
    }
)


@situation
def shadowed_in_part(it: Situation) -> None:
    """Shadowed in two of three keys."""
    it.put(ETC + "99-z.conf", f"-{FIN}\n")
    it.put(RUN + "zz.conf", f"{MAX} = 1\n")
    it.run(THREE)
    it.run(THREE, shadowed="warn")


@situation
def masked(it: Situation) -> None:
    """A path that is masked."""
    it.put("/dev/null", "")
    it.kernel.devnull = os.path.realpath(it.host.local("/dev/null"))
    it.put(DROPIN, mask)
    it.run(ONE)


@situation
def odd_file(it: Situation) -> None:
    """A directory at the path."""
    it.put(DROPIN, os.mkdir)
    it.run(ONE)


def damaged(text: Any) -> Callable[[Situation], None]:
    """Return what runs where the saved state is damaged."""

    def action(it: Situation) -> None:
        it.earlier(ONE)
        it.put(RECORD, text)
        it.run(OTHER)

    return action


SITUATIONS.update(
    {
        "A saved state of another format": damaged('{"format": 99}'),
        "A saved state that is no JSON": damaged("no JSON"),
        "A saved state that is no object": damaged("[]"),
        "A saved state that is a directory": damaged(os.mkdir),
    }
)


@situation
def no_state_directory(it: Situation) -> None:
    """A file where states are saved."""
    it.put(STATE, "a file")
    it.run(ONE)


@situation
def locked(it: Situation) -> None:
    """While another run goes on."""
    it.earlier(ONE)
    with open(it.host.local(STATE + "/lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4242\n")
        lock.flush()
        it.run(OTHER)
        it.run(ONE, check_mode=True)


def somebody(change: Callable[[Situation], None], foreign: str | None = None) -> Callable[[Situation], None]:
    """Return what goes back over what *change* did since, refused and by force."""

    def action(it: Situation) -> None:
        it.put(DROPIN, foreign)
        it.earlier(ONE)
        change(it)
        it.run(state="previous")
        it.run(force=True)

    return action


def sets_file_too(it: Situation) -> None:
    """Set the value in another file, which won at boot."""
    it.put(ETC + "zz.conf", f"{FIN} = 99\n")
    it.somebody_sets(99)


SITUATIONS.update(
    {
        "Back over a value that somebody set": somebody(lambda it: it.somebody_sets(99)),
        "Back over a value that another file set": somebody(sets_file_too),
        "Back over a value that was put back by hand": somebody(lambda it: it.somebody_sets(60)),
        "Back over a line that was added": somebody(lambda it: it.put(DROPIN, ONE + "# mine\n")),
        "Back over a line that was changed": somebody(lambda it: it.put(DROPIN, ONE.replace("30", "31"))),
        "Back over a file that was removed": somebody(lambda it: it.put(DROPIN, None), FOREIGN),
        "Back over a file that was put back by hand": somebody(lambda it: it.put(DROPIN, FOREIGN), FOREIGN),
    }
)


@situation
def read_only_since(it: Situation) -> None:
    """Back to a value that cannot be written any more."""
    it.earlier(THREE)
    it.kernel.read_only, it.kernel.geteuid = [FIN], lambda: 0
    it.run()


# Failures


def answered(
    answers: dict[str, tuple[Any, ...]], content: str = THREE, earlier: tuple[str, ...] = ()
) -> Callable[[Situation], None]:
    """Return what runs where the kernel answers so."""

    def action(it: Situation) -> None:
        it.earlier(*earlier)
        it.kernel.answers = answers
        it.run(content)

    return action


def rounds(old: list[str], new: list[str]) -> tuple[list[str], None]:
    """Hold another value than what is written."""
    return ["425984"], None


SITUATIONS.update(
    {
        "The kernel refuses the last key": answered({FIN: (refuse,)}),
        "The kernel refuses two keys, after an earlier run": answered(
            {RMEM: (refuse,), FIN: (refuse,)}, earlier=(OTHER,)
        ),
        "The kernel takes two of three": answered({RMEM: (take_half, take)}),
        "The kernel holds another value": answered({MAX: (rounds, take)}),
        "The kernel ignores a value": answered({FIN: (ignore,)}, ONE),
        "The kernel refuses to take a value back": answered({RMEM: (take, refuse), FIN: (refuse,)}),
        "The kernel ignores that a value is taken back": answered({RMEM: (take, ignore), FIN: (refuse,)}),
        "The kernel refuses when a key left": answered({FIN: (refuse,)}, TWO, (THREE,)),
    }
)


@situation
def comes_in_between(it: Situation) -> None:
    """A file that comes in between and wins."""

    def meanwhile(old: list[str], new: list[str]) -> tuple[list[str], None]:
        it.put(ETC + "zz.conf", f"{FIN} = 10\n")
        return new, None

    it.kernel.answers = {FIN: (meanwhile, take)}
    it.run(ONE)


@situation
def vanishes(it: Situation) -> None:
    """A key that vanishes in between."""

    def meanwhile(old: list[str], new: list[str]) -> tuple[list[str], None]:
        it.put(LOCAL, None)
        return new, None

    it.kernel.answers = {MAX: (meanwhile, take)}
    it.run(THREE)


def failing(step: str, error: int, text: str, content: str | None) -> Callable[[Situation], None]:
    """Return what runs where the system call *step* fails once for a path with *text* in it."""

    def action(it: Situation) -> None:
        it.earlier(OTHER)
        original, failed = getattr(os, step), []

        def once(*arguments: Any) -> Any:
            if not failed and text in str(arguments[-1]):
                failed.append(arguments)
                raise OSError(error, os.strerror(error))
            return original(*arguments)

        with mock.patch.object(os, step, once):
            it.run(content)

    return action


SITUATIONS.update(
    {
        "The state cannot be saved": failing("rename", errno.ENOSPC, RECORD, ONE),
        "The file cannot be renamed": failing("rename", errno.EROFS, DROPIN, ONE),
        "The file cannot be removed": failing("unlink", errno.EROFS, DROPIN, None),
    }
)


@situation
def killed_before_file(it: Situation) -> None:
    """Killed before the file is there, and run again."""
    it.earlier(OTHER)
    it.killed(TWO, DROPIN)
    it.run(TWO)
    it.run(state="previous")


@situation
def killed_before_kernel(it: Situation) -> None:
    """Killed before the kernel is told, and taken back."""
    it.killed(ONE, FIN)
    it.run(state="previous")


@situation
def killed_half_way(it: Situation) -> None:
    """Killed half-way, and another content fails."""
    it.earlier(ONE)
    it.killed(THREE.replace("30", "25"), MAX)
    it.kernel.answers = {FIN: (refuse,)}
    it.run(THREE.replace("30", "15"))


@situation
def killed_going_back(it: Situation) -> None:
    """Killed while all is taken back, and previous, and absent."""
    it.earlier(THREE)
    it.killed(None, MAX)
    it.run(state="previous")
    it.run()


@situation
def booted_in_between(it: Situation) -> None:
    """Killed, booted with the new file, and taken back."""
    it.put(BOOT_ID, "a boot\n")
    it.killed(THREE, RMEM)
    it.boot(THREE)
    it.run()


@situation
def booted_with_old_file(it: Situation) -> None:
    """Killed going back, booted with the old file, and taken back."""
    it.put(BOOT_ID, "a boot\n")
    it.earlier(THREE)
    it.killed(None, RMEM)
    it.boot()
    it.run()


@situation
def booted(it: Situation) -> None:
    """Booted since, and taken back."""
    it.earlier(THREE)
    it.boot(THREE)
    it.run(state="previous")


# What is saved

SAVED: dict[str, tuple[str | None, ...]] = {
    "after a first run": (ONE,),
    "after a second content": (THREE, TWO),
    "after a third content": (ONE, OTHER, THREE),
    "over somebody else's file": (None, ONE),
    "over somebody else's file, and taken back": (None, ONE, None),
}


def record() -> dict[str, dict[str, Any]]:
    """Return {group: {case: output}}."""
    return {"in full": dict(_in_full()), "situations": dict(_situations()), "saved states": dict(_saved())}


def _in_full() -> Iterator[tuple[str, Any]]:
    """Yield whole results, which the situations tell in fewer lines."""
    with host_of() as host:
        yield "check mode", host.run(ONE, check_mode=True)
        for name, content in {"a first run": THREE, "another content": TWO, "absent": None}.items():
            yield name, host.run(content)


def _situations() -> Iterator[tuple[str, Any]]:
    for name, action in SITUATIONS.items():
        with pytest.MonkeyPatch.context() as patch, host_of() as host:
            it = Situation(host, Kernel(patch))
            action(it)
            yield name, told({"runs": it.runs, "left": it.left()}, host.root)


def _saved() -> Iterator[tuple[str, Any]]:
    """Yield what is saved after several runs; those of None begin with a foreign file, and end with state absent."""
    for name, contents in SAVED.items():
        with host_of(files={BOOT_ID: "a boot\n"}) as host:
            if contents[0] is None:
                host.write(DROPIN, FOREIGN)
                contents = contents[1:]
            for content in contents:
                host.run(content)
            yield name, json.loads(host.read(RECORD))
