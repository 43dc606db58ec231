# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a run, from values that nobody read: no file is needed here."""

import copy

import pytest
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.plan import find_goal, make_plan
from ansible_collections.linux_net.socket_memory.plugins.module_utils.dropin.reading import FoundFile, FoundKeys
from ansible_collections.linux_net.socket_memory.plugins.module_utils.errors import SocketMemoryError
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import ABSENT

PATH = "/etc/sysctl.d/99-a.conf"
FIN, TW, MAX = "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_tw_reuse", "net.core.rmem_max"
CONTENT = "%s = 30\n%s = 1\n" % (FIN, TW)
WANTED = {FIN: 30, TW: 1}
OPTIONS = {
    "state": "present",
    "content": CONTENT,
    "runtime": True,
    "unavailable": "skip",
    "shadowed": "fail",
    "only_raise": False,
    "force": False,
}
SAVED = {
    "format": 3,
    "first": {"file": None, "runtime": {FIN: 60, TW: 2}},
    "written": {"file": CONTENT, "runtime": WANTED},
    "under_way": None,
    "previous": {"file": None, "runtime": {FIN: 60, TW: 2}, "written": None},
    "made": ["/etc/sysctl.d"],
}


def on_host(running, boot_before=None, boot_after=None, **others):
    """Return FoundKeys: *running* by key, and what the file at the path sets before and after."""
    found = FoundKeys()
    found.running = dict(running)
    for name, values in (("boot_before", boot_before), ("boot_after", boot_after)):
        setattr(found, name, {key: {"value": value, "file": PATH, "line": 1} for key, value in (values or {}).items()})
    for name, value in others.items():
        setattr(found, name, value)
    return found


def plan(found, keys, desired=None, **options):
    """Return the plan, and make sure that what was read is left alone."""
    options = dict(OPTIONS, **options)
    kept = copy.deepcopy((found.__dict__, keys.__dict__, options))
    made = make_plan(options, find_goal(options, WANTED if desired is None else desired, found), found, keys)
    assert (found.__dict__, keys.__dict__, options) == kept
    return made


def told(made):
    return {setting.key: (setting.status, setting.reason, setting.write) for setting in made.settings}


def refusal(*arguments, **options):
    with pytest.raises(SocketMemoryError) as caught:
        plan(*arguments, **options)
    return caught.value


@pytest.mark.parametrize(
    "key, nearest",
    [
        ("net.ipv4.tcp_meme", "; the nearest known is net.ipv4.tcp_mem"),
        ("net.ipv4.tpc_rmem", "; the nearest known is net.ipv4.tcp_rmem"),
        ("net.core.somaxcon", "; the nearest known is net.core.somaxconn"),
        ("vm.overcommit", ""),
    ],
)
@pytest.mark.parametrize("runtime", [True, False])
def test_a_key_that_nobody_knows_is_refused_with_its_line_and_the_nearest(key, nearest, runtime):
    content = "# A comment.\n%s = 30\n%s = 1 2 3\n" % (FIN, key)
    found = FoundFile(PATH, text=CONTENT, saved=SAVED)
    error = refusal(
        found,
        on_host({FIN: 30}, unavailable={key: ABSENT}),
        {FIN: 30, key: "1 2 3"},
        content=content,
        runtime=runtime,
    )
    assert str(error) == (
        "%s is refused, nothing was changed. Line 3 of the content: %s: this kernel has no such key%s. Correct the "
        "key, or remove the line." % (PATH, key, nearest)
    )
    assert {one["key"]: one["status"] for one in error.results["settings"]}[key] == "failed"


def test_any_key_that_the_kernel_has_may_stand_in_the_file():
    key = "vm.overcommit_memory"
    made = plan(
        FoundFile(PATH),
        on_host({FIN: 60, key: "0"}),
        {FIN: 30, key: "1"},
        content="%s = 30\n%s = 1\n" % (FIN, key),
        shadowed="warn",
    )
    assert told(made)[key] == ("applied", "", True)


def test_a_key_of_this_collection_that_the_kernel_lacks_is_only_written():
    key = "net.core.mem_pcpu_rsv"
    keys = on_host({FIN: 30}, {FIN: 30}, {FIN: 30, key: 16}, unavailable={key: ABSENT})
    made = plan(FoundFile(PATH), keys, {FIN: 30, key: 16}, content="%s = 30\n%s = 16\n" % (FIN, key))
    assert told(made)[key][0] == "skipped"


def test_first_run():
    made = plan(FoundFile(PATH, missing=["/etc/sysctl.d"], boot="b"), on_host({FIN: 60, TW: 2}, None, WANTED))
    assert told(made) == {FIN: ("applied", "", True), TW: ("applied", "", True)}
    assert made.changed and made.makes == ["/etc/sysctl.d"] and made.saved_before is made.saved_back is None
    assert made.saved_after == SAVED and made.back_to == {"file": None, "runtime": {FIN: 60, TW: 2}}
    assert made.saved_during == dict(
        SAVED,
        written={"file": None, "runtime": {}},
        under_way={"file": CONTENT, "runtime": WANTED, "state": "present", "boot": "b", "previous": None},
    )


def test_nothing_to_do():
    made = plan(FoundFile(PATH, text=CONTENT, saved=SAVED), on_host(WANTED, WANTED, WANTED))
    assert not made.changed and set(told(made).values()) == {("unchanged", "", False)}
    assert made.saved_before == made.saved_during == made.saved_after


def test_nothing_is_saved_of_a_host_that_was_so_already():
    made = plan(FoundFile(PATH, text=CONTENT), on_host(WANTED, WANTED, WANTED))
    assert not made.changed and made.saved_during is made.saved_after is None


@pytest.mark.parametrize("state", ["absent", "previous"])
def test_way_back(state):
    made = plan(FoundFile(PATH, text=CONTENT, saved=SAVED, boot="b"), on_host(WANTED, WANTED), state=state, desired={})
    assert made.text is None and made.changed and made.saved_after is None and made.releases == ["/etc/sysctl.d"]
    assert {setting.key: setting.desired for setting in made.settings} == {FIN: 60, TW: 2}
    assert made.saved_during == dict(
        SAVED, under_way={"file": None, "runtime": {FIN: 60, TW: 2}, "state": state, "boot": "b", "previous": None}
    )
    assert made.saved_back == SAVED and made.back_to == {"file": CONTENT, "runtime": WANTED}


@pytest.mark.parametrize(
    "keys, waits",
    [
        ({"read_only": {TW: "read-only here"}}, True),
        (
            {
                "running": {FIN: 30},
                "unavailable": {TW: "/proc/sys/net/ipv4/tcp_tw_reuse cannot be read: Permission denied"},
            },
            True,
        ),
        ({"running": {FIN: 30}, "unavailable": {TW: ABSENT}}, False),
    ],
)
def test_what_cannot_be_put_back_stays_saved_unless_it_is_gone(keys, waits):
    keys = on_host(keys.pop("running", WANTED), WANTED, **keys)
    made = plan(FoundFile(PATH, text=CONTENT, saved=SAVED), keys, state="absent", desired={})
    assert (made.saved_after is not None) == waits and (made.saved_after == made.saved_during) == waits
    assert any("not put back to 2" in warning for warning in made.warnings)
    assert ("What was before stays saved for %s." % TW in " ".join(made.warnings)) == waits


def test_a_key_that_left_and_cannot_be_given_back_stays_held():
    content, only = "%s = 30\n" % FIN, {FIN: 30}
    made = plan(
        FoundFile(PATH, text=CONTENT, saved=SAVED),
        on_host(WANTED, WANTED, only, read_only={TW: "read-only here"}),
        desired=only,
        content=content,
    )
    assert (
        told(made)[TW] == ("skipped", "read-only here", False)
        and "%s: not put back to 2: read-only here" % TW in made.warnings
    )
    assert made.saved_after["written"]["runtime"] == WANTED and made.saved_after["first"]["runtime"] == {FIN: 60, TW: 2}
    again = plan(
        FoundFile(PATH, text=content, saved=made.saved_after),
        on_host(WANTED, only, only),
        desired=only,
        content=content,
    )
    assert told(again)[TW] == ("restored", "no longer in the file: the value before the first run", True)
    assert again.saved_after["written"]["runtime"] == only


@pytest.mark.parametrize("state", ["present", "absent", "previous"])
@pytest.mark.parametrize("runtime", [True, False])
def test_an_error_is_no_absence(state, runtime):
    """A key that cannot be read for a moment must not be skipped: nothing would be known to go back to."""
    sentence = "/proc/sys/net/ipv4/tcp_tw_reuse cannot be read: Input/output error"
    keys = on_host({FIN: 30}, WANTED, WANTED, unreadable={TW: sentence})
    error = refusal(
        FoundFile(PATH, text=CONTENT, saved=SAVED),
        keys,
        desired=WANTED if state == "present" else {},
        state=state,
        runtime=runtime,
    )
    assert "is refused, nothing was changed. %s: %s. Find out why, and run again." % (TW, sentence) in str(error)
    assert {one["key"]: one["status"] for one in error.results["settings"]}[TW] == "failed"


def test_without_what_lint_needs_nothing_is_written():
    error = refusal(
        FoundFile(PATH),
        on_host({FIN: 60, TW: 2}, None, WANTED, unmeasured=["/proc/meminfo cannot be read: Input/output error"]),
    )
    assert "nothing was changed. /proc/meminfo cannot be read: Input/output error. Find out why" in str(error)


def test_a_run_that_continues_another_goes_back_to_before_that():
    broken = dict(
        SAVED,
        previous={"file": CONTENT, "runtime": WANTED, "written": SAVED["written"]},
        under_way={"file": "x", "runtime": {FIN: 20}, "state": "present", "boot": "b", "previous": SAVED["previous"]},
    )
    made = plan(FoundFile(PATH, text="x", saved=broken), on_host({FIN: 20, TW: 1}, None, WANTED))
    assert made.continues and made.saved_back == SAVED and made.back_to == {"file": CONTENT, "runtime": WANTED}
    assert made.saved_after == dict(SAVED, previous=broken["previous"])


@pytest.mark.parametrize("force", [False, True])
def test_over_what_somebody_else_did_only_by_force(force):
    found, keys = FoundFile(PATH, text=CONTENT + "# mine\n", saved=SAVED), on_host({FIN: 99, TW: 1}, WANTED)
    if force:
        made = plan(found, keys, state="absent", desired={}, force=True)
        assert made.keeps_copy and told(made)[FIN][2]
    else:
        assert "%s runs with 99, set here was 30, before that it was 60; %s was edited" % (FIN, PATH) in str(
            refusal(found, keys, state="absent", desired={})
        )
