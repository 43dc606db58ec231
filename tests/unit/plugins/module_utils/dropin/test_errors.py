# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the host answers and whatever is saved of it: a run succeeds, or refuses and says what is not as before.
Never another exception.
"""

import errno
import json
import os
import random
import shutil
import tempfile

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.saved_state import STATE_DIRECTORY
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.host.files import HostFiles
from ansible_collections.linux_net.socket_memory.tests.support.injected_errors import (
    ANSWERS,
    ERRORS,
    InjectedErrors,
    at,
    from_on,
)
from ansible_collections.linux_net.socket_memory.tests.support.saved_states import damaged, mutated
from ansible_collections.linux_net.socket_memory.tests.unit.helpers import DROPIN, SAVED, captured, kill_at

RMEM, MAX, FIN = "net.ipv4.tcp_rmem", "net.core.rmem_max", "net.ipv4.tcp_fin_timeout"
FIRST = "%s = 4096 131072 16777216\n%s = 30\n" % (RMEM, FIN)
SECOND = "%s = 4096 131072 33554432\n%s = 33554432\n" % (RMEM, MAX)  # FIN leaves, MAX comes
FOREIGN = "# foreign\n%s = 45\n" % FIN
SEED = 20261126
LASTING = [
    number for number in ERRORS if number not in (errno.ENOENT, errno.ENOTDIR)
]  # that nothing is there, without end, is no error


def whole(host):
    """Return {path: what is there} of the whole tree; of the lock only that it is there."""
    found = {}
    for directory, names, files in os.walk(host.root):
        for name in names + files:
            path = os.path.join(directory, name)
            content = (
                None
                if name in names and not os.path.islink(path)
                else os.readlink(path)
                if os.path.islink(path)
                else host.read(path[len(host.root) :])
            )
            found[path[len(host.root) :]] = name == "lock" or (
                content.split() if "/proc/" in path and content else content
            )
    return found


class Case:
    """A host with a past, and a run on it."""

    def __init__(self, folder, name, prepare, content=None, **params):
        self.name, self.content, self.params = name, content, params
        self.host = captured("el8_x86_64", os.path.join(str(folder), name))
        for part in ("proc/net", "ORIGIN.txt"):  # that a run does not read
            (shutil.rmtree if part == "proc/net" else os.unlink)(os.path.join(self.host.root, part))
        prepare(self.host)
        self.before = whole(self.host)
        # Of a run that did not end, which goes back to before that one.
        self.broken_off = (
            [DROPIN, SAVED] + ["/proc/sys/" + key.replace(".", "/") for key in (RMEM, MAX, FIN)]
            if name == "broken-off"
            else []
        )
        self.kept = self.host.root + ".kept"
        shutil.copytree(self.host.root, self.kept, symlinks=True)

    def run(self, choose=lambda _call, _name: None):
        """Run with errors and return (result or None, message or None, names of the calls)."""
        local_path, HostFiles.local_path = (
            HostFiles.local_path,
            lambda files, path: files.root + path,
        )  # with no more calls than on a live host
        try:
            with InjectedErrors(choose) as injected:
                try:
                    return self.host.run(self.content, **self.params), None, injected.calls
                except SocketMemoryError as error:
                    return None, str(error), injected.calls
        finally:
            HostFiles.local_path = local_path

    def rewind(self):
        """Bring the host back to before the run."""
        now = whole(self.host)
        for path in sorted(set(now) - set(self.before), reverse=True):
            (
                os.rmdir
                if os.path.isdir(self.host.local(path)) and not os.path.islink(self.host.local(path))
                else os.unlink
            )(self.host.local(path))
        for path in sorted(self.before):
            if now.get(path, "") != self.before[path] or path not in now:
                if not os.path.exists(self.kept + path):
                    os.symlink(os.readlink(self.kept + path), self.host.local(path))
                elif os.path.isdir(self.kept + path):
                    os.mkdir(self.host.local(path), os.stat(self.kept + path).st_mode & 0o7777)
                else:
                    shutil.copy2(self.kept + path, self.host.local(path), follow_symlinks=False)


def edited(host):
    host.run(FIRST)
    host.write(DROPIN, FIRST + "# mine\n")


def without_directory(host):
    os.rmdir(host.local("/etc/sysctl.d"))


CASES = {
    "first": (lambda host: None, FIRST, {}),
    "first-without-directory": (without_directory, FIRST, {}),
    "first-over-a-file": (lambda host: host.write(DROPIN, FOREIGN), FIRST, {}),
    "link": (lambda host: os.symlink("target", host.local(DROPIN)), FIRST, {}),
    "change": (lambda host: host.run(FIRST), SECOND, {}),
    "unchanged": (lambda host: host.run(FIRST), FIRST, {}),
    "edited": (edited, SECOND, {}),
    "absent": (lambda host: host.run(FIRST), None, {}),
    "absent-forced": (edited, None, {"force": True}),
    "absent-without-directory": (lambda host: (without_directory(host), host.run(FIRST)), None, {}),
    "previous": (lambda host: (host.run(FIRST), host.run(SECOND)), None, {"state": "previous"}),
    "unusable": (lambda host: (host.run(FIRST), host.write(SAVED, "{")), SECOND, {"force": True}),
    "broken-off": (lambda host: (host.run(FIRST), kill_at(3, lambda: host.run(SECOND))), SECOND, {}),
    "check": (lambda host: host.run(FIRST), SECOND, {"check_mode": True}),
}


@pytest.fixture
def folder(tmp_path):
    """A folder in memory, where there is one: this is not to wait for a disk thousands of times."""
    in_memory = "/dev/shm"
    if not os.access(in_memory, os.W_OK):
        yield str(tmp_path)
        return
    path = tempfile.mkdtemp(dir=in_memory)
    yield path
    shutil.rmtree(path)


@pytest.fixture(params=sorted(CASES))
def case(request, folder):
    """Runs of all kinds."""
    prepare, content, params = CASES[request.param]
    return Case(folder, request.param, prepare, content, **params)


def differing(before, after):
    """Return the paths that differ."""
    return sorted(path for path in set(before) | set(after) if before.get(path, "") != after.get(path, ""))


def unnamed(message, before, after):
    """Return the paths that differ although *message* names neither them nor their key, nor a directory around them
    that stays.
    """

    def is_named(path):
        key = path.split("/proc/sys/")[-1].replace("/", ".")
        path = DROPIN if path == "/etc/sysctl.d/target" else path  # to which it links
        around_what_is_saved = path.endswith("/lock") and (path not in after or SAVED in message)
        return (
            around_what_is_saved
            or path in message
            or key in message
            or os.path.dirname(path) + " could not be removed" in message
        )

    return [path for path in differing(before, after) if not is_named(path)]


def judge(case, position, number, goal, outcome):
    """Judge what came of the run when the call *position* ended with the errno *number*. goal: the host after a run
    without errors.
    """
    result, message, calls = outcome
    told = (case.name, position, calls[position : position + 1], os.strerror(number), message or result["warnings"])
    after = whole(case.host)
    if message is None:
        if number not in ANSWERS:
            assert not unnamed(" ".join(result["warnings"]), goal, after), told
    elif "NOT restored" in message:
        assert "as before" not in message and "othing was changed" not in message, told
        assert set(unnamed(message, case.before, after)) <= set(case.broken_off), told
    elif "the run that did not end" in message:
        assert set(unnamed(message, case.before, after)) <= set(case.broken_off), told
    else:
        assert "as before" in message or "othing was changed" in message, told
        assert not unnamed(message, case.before, after), told


def test_any_error_of_any_system_call(case):
    """One call fails, each in turn; the error is another one each time, so that in all each call meets some."""
    case.run()
    goal = whole(case.host)
    case.rewind()
    assert whole(case.host) == case.before
    count = len(case.run()[2])
    case.rewind()
    for position in range(count):
        number = ERRORS[(position + len(case.name)) % len(ERRORS)]
        judge(case, position, number, goal, case.run(at(position, number)))
        case.rewind()


def test_errors_that_do_not_go_away(case):
    """From one call on all fail, or all of one kind: then the host may be left changed, but that is said, and by
    what.
    """
    case.run()
    goal = whole(case.host)
    case.rewind()
    calls = case.run()[2]
    case.rewind()
    kinds = ((), None, ("open",), ("rename", "unlink"), ("write",), ("fsync",))
    for position in range(0, len(calls), 2):
        number = LASTING[(position + len(case.name)) % len(LASTING)]
        names = kinds[position // 2 % len(kinds)]
        judge(
            case,
            position,
            number,
            goal,
            case.run(from_on(position, number, *((calls[position],) if names is None else names))),
        )
        case.rewind()


def saved_states(folder):
    """Return saved states of all kinds."""
    found = []
    for number, works in enumerate(([FIRST], [FIRST, SECOND], [FOREIGN, FIRST, SECOND])):
        host = captured("el8_x86_64", os.path.join(str(folder), "saved%d" % number))
        for work in works:
            host.write(DROPIN, work) if work == FOREIGN else host.run(work)
        found.append(json.loads(host.read(SAVED).decode("utf-8")))
        for params in (
            {"content": FIRST + "%s = 99999\n" % MAX},
            {"content": None},
            {"content": None, "state": "previous"},
        ):
            kept = host.root + ".kept"
            shutil.copytree(host.root, kept)
            assert kill_at(2, lambda params=params, host=host: host.run(**params))
            found.append(json.loads(host.read(SAVED).decode("utf-8")))
            shutil.rmtree(host.root)
            os.rename(kept, host.root)
    assert sum(one["under_way"] is not None for one in found) == 9
    return found


WORKS = (
    {"content": SECOND},
    {"content": FIRST},
    {"content": None},
    {"content": None, "state": "previous"},
    {"content": SECOND, "force": True},
    {"content": None, "force": True},
    {"content": None, "state": "previous", "force": True},
    {"content": SECOND, "check_mode": True},
)


def attempt_with(case, text, rng):
    """Run on a host where *text* is saved. Returns the message of a refusal, None of a success."""
    case.host.write(SAVED, text)
    before = whole(case.host)
    case.content, case.params = None, rng.choice(WORKS)
    case.params = dict(case.params)
    case.content = case.params.pop("content")
    message = case.run()[1]
    if message is not None:
        assert (
            "cannot be used: " in message
            or "is refused, nothing was changed" in message
            or "no saved state from before" in message
        ), message
        assert whole(case.host) == before, message
    case.rewind()
    return message


def test_saved_states_with_replaced_nodes(folder):
    """Each is used or refused, as a whole."""
    rng, refused, used = random.Random(SEED), 0, 0
    states = saved_states(folder)
    case = Case(folder, "replaced", lambda host: host.run(FIRST))
    for number in range(2500):
        text = json.dumps(mutated(rng.choice(states), rng))
        try:
            message = attempt_with(case, text, rng)
        except Exception as error:
            raise AssertionError("seed %d, number %d: %s" % (SEED, number, text)) from error
        if message is None:
            used += 1
        else:
            refused += 1
    assert refused > 1000 and used > 100


def test_saved_states_that_are_damaged(folder):
    """As text: cut, doubled, nested without end."""
    rng = random.Random(SEED)
    texts = [json.dumps(one, indent=1, sort_keys=True) for one in saved_states(folder)]
    case = Case(folder, "damaged", lambda host: host.run(FIRST))
    for number in range(500):
        text = damaged(rng.choice(texts), rng)
        try:
            attempt_with(case, text.encode("utf-8", "surrogatepass"), rng)
        except Exception as error:
            raise AssertionError("seed %d, number %d: %r" % (SEED, number, text[:2000])) from error


@pytest.mark.parametrize("state", ["present", "absent", "previous"])
def test_a_saved_state_that_was_cut_anywhere(host, state):
    """Of every length but the last, which has all but its line break."""
    host.run(FIRST)
    text, before = host.read(SAVED), host.snapshot()
    for length in range(len(text.rstrip()) - 1):
        host.write(SAVED, text[:length])
        with pytest.raises(SocketMemoryError) as caught:
            host.run(SECOND if state == "present" else None, state=state)
        told = str(caught.value)
        assert (
            told.startswith("The saved state %s cannot be used: " % SAVED)
            and ". Nothing was changed. " in told
            and "force: true" in told
        ), length
    host.write(SAVED, text)
    assert host.snapshot() == before


def test_what_is_read_is_bounded(host):
    """Of a saved state of any size nothing is read."""
    host.run(FIRST)
    with open(host.local(SAVED), "wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(SocketMemoryError, match="cannot be used: it is larger than 4194304 bytes"):
        host.run(SECOND)
    assert STATE_DIRECTORY in SAVED
