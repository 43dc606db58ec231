# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person should know about a host: findings with severity, evidence and remedy, from its facts."""

from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.finding import SEVERITIES
from ansible_collections.linux_net.socket_memory.plugins.module_utils.checks.lint import lint
from ansible_collections.linux_net.socket_memory.plugins.module_utils.kernel.sysctl_keys import KEYS, format_value
from ansible_collections.linux_net.socket_memory.plugins.module_utils.text import human_bytes

# net/ipv4/tcp.c tcp_too_many_orphans: misbehaving orphans count four times, so trouble starts at a quarter of the limit.
ORPHAN_PENALTY = 4

# Where an administrator's sysctl.d files are, and those of this collection; the other directories belong to packages.
ADMINISTRATOR = ("/etc/", "/run/")

# state: (severity, what the kernel does in it, what to do). net/ipv4/tcp_input.c, tcp_output.c, net/core/sock.c.
TCP_STATES = {
    "soft": ("warning", "the usage is at or above low, send buffers no longer grow",
             "Raise tcp_mem before the load grows: the peak should stay below low."),
    "imminent": ("warning", "the usage is above pressure, the kernel raises its flag at the next charge",
                 "Find the sockets that hold the memory (ss -tm) and raise tcp_mem if there is room."),
    "pressure": ("error", "windows stop growing, queues are pruned, sockets above the average lose data",
                 "Find the sockets that hold the memory (ss -tm); raise tcp_mem if there is room."),
    "recovering": ("error", "the usage fell, but the kernel restricts TCP until it is below low",
                   "Wait until it is below low, or raise tcp_mem so that low is above it."),
    "critical": ("error", "the usage is above high: memory is refused, data is dropped, writers wait, orphans are reset",
                 "Free memory now: restart the reader that fell behind (ss -tm), or raise tcp_mem if there is room."),
}

# What applies the sysctl.d files apart from the boot: {fact: (name, when, what to do)}.
PROGRAMS = {
    "procps": ("sysctl --system", "; it reads /etc/sysctl.conf last", "Give line %(line)d of %(file)s the same value, or remove it."),
    "tuned": ("tuned", " each time it starts", "Give line %(line)d of %(file)s the same value, remove it, or choose another profile."),
}


def describe_tcp(tcp, page_size):
    """Return what the tcp facts say in one sentence: "TCP memory is normal: 4.7 MiB of 1.4 GiB (0.3 % of high), kernel flag no."."""
    high = tcp["thresholds"]["high"]
    sizes = "%s in use" % human_bytes(tcp["used"]["bytes"])
    if tcp["percent_of_high"] is not None and page_size:
        sizes = "%s of %s (%.1f %% of high)" % (human_bytes(tcp["used"]["bytes"]), human_bytes(high * page_size), tcp["percent_of_high"])
    state = "in a state that cannot be told here, its thresholds or its usage are not readable" if tcp["state"] is None else tcp["state"]
    effect = "; %s" % TCP_STATES[tcp["state"]][1] if tcp["state"] in TCP_STATES else ""
    flag = {True: "yes", False: "no", None: "unreadable"}[tcp["kernel_flag"]]
    return "TCP memory is %s: %s, kernel flag %s%s." % ("under pressure" if state == "pressure" else state, sizes, flag, effect)


def certain(tcp):
    """Return whether the state of the tcp facts does not rest on a difference smaller than what the kernel may miscount."""
    return tcp["state"] != "soft" or tcp["used"]["pages"] >= tcp["thresholds"]["low"] + (tcp["error_bound"]["pages"] or 0)


def find(facts):
    """Return the findings of a host as a list of {id, severity, message, evidence, remedy}, errors first.

    facts: the value of ansible_facts.socket_memory as far as it was gathered.
    """
    findings = []

    def report(identifier, severity, message, evidence, remedy):
        findings.append({"id": identifier, "severity": severity, "message": message, "evidence": evidence, "remedy": remedy})

    if "tcp" in facts:
        _find_tcp(report, facts["tcp"], facts["page_size"])
    if facts.get("udp", {}).get("state") == "critical":
        udp = facts["udp"]
        report("udp-critical", "error", "UDP memory is at udp_mem[0], its only limit: datagrams are dropped",
               {"used": udp["used"], "thresholds": udp["thresholds"]},
               "Find the sockets whose readers fell behind (ss -um) and raise udp_mem.")
    limits = facts.get("limits") or {}
    present = {key: value for key, value in limits.items() if value is not None}
    bound = (facts.get("tcp", {}).get("error_bound") or {}).get("pages") or 0
    for result in lint(present, facts["page_size"], facts["memory_total"], bound):
        if result["severity"] == "error":  # the kernel's own defaults earn warnings
            report("running-" + result["id"], "warning", "The running value breaks a rule: " + result["message"],
                   {result["subject"]: present[result["subject"]]}, result["remedy"])
    for key, boot in sorted((facts.get("boot") or {}).items()):
        if key in KEYS and isinstance(boot["value"], str):
            report("boot-not-taken", "warning", "%s: the kernel refuses %r, or takes only the first numbers of it" % (key, boot["value"]),
                   {name: boot[name] for name in ("value", "file", "line")}, "Correct line %d of %s." % (boot["line"], boot["file"]))
        elif limits.get(key) is not None and boot["value"] != limits[key]:
            report("boot-differs", "warning", "%s: runs with %s, the next boot sets %s" % (key, format_value(limits[key]), format_value(boot["value"])),
                   {"running": limits[key], "boot": boot["value"], "file": boot["file"], "line": boot["line"]},
                   "Apply or correct line %d of %s." % (boot["line"], boot["file"]))
        for program in PROGRAMS:
            if program in boot and boot[program]["value"] != boot["value"]:
                _find_other(report, key, boot, program)
    for manager in facts.get("managers") or []:
        if manager["active"]:
            _find_co_manager(report, manager, facts.get("boot") or {})
    findings.sort(key=lambda finding: SEVERITIES.index(finding["severity"]))
    return findings


def _find_other(report, key, boot, program):
    """Report that *program* leaves another value of *key* than the boot sets."""
    name, when, remedy = PROGRAMS[program]
    left = boot[program]
    report("boot-differs-" + program, "warning", "%s: the boot sets %s (%s line %d), %s sets %s (%s line %d)%s" % (
        key, format_value(boot["value"]), boot["file"], boot["line"], name, format_value(left["value"]), left["file"], left["line"], when),
        {"boot": {name: boot[name] for name in ("value", "file", "line")}, program: left}, remedy % left)


def _find_co_manager(report, manager, boot):
    """Report on an active *manager* that sets keys which a file of the administrator sets too."""
    its_file = manager["evidence"]
    contested, loses = {}, True
    for key in manager["keys"]:
        if key not in boot or manager["name"] in boot[key]:  # as for tuned: what it leaves of the key is known exactly
            continue
        files = [one["file"] for one in [boot[key]] + boot[key]["overrides"]]
        others = [file for file in files if file != its_file and file.startswith(ADMINISTRATOR)]
        if others:
            contested[key] = others[0]
            loses = loses and its_file in files and its_file != files[0]
    if not contested:
        return
    others = ", ".join(sorted(set(contested.values())))
    outcome = "but loses to %s at the next boot" if loses else "and may undo what %s sets"
    report("co-manager", "info" if loses else "warning", "%s sets %s too, %s" % (manager["name"], ", ".join(sorted(contested)), outcome % others),
           {"manager": manager["name"], "evidence": its_file, "keys": contested},
           "Let one of the two decide: take these keys out of %s, or keep %s from setting them (%s)." % (others, manager["name"], its_file))


def _find_tcp(report, tcp, page_size):
    """Report on the state of TCP memory and on its orphans."""
    evidence = {name: tcp[name] for name in ("state", "used", "thresholds", "kernel_flag", "error_bound")}
    if tcp["state"] in TCP_STATES:
        severity, _effect, remedy = TCP_STATES[tcp["state"]]
        if certain(tcp):
            report("tcp-" + tcp["state"], severity, describe_tcp(tcp, page_size), evidence, remedy)
    if tcp["kernel_flag"] is None and tcp["state"] is not None:
        report("tcp-flag-unreadable", "warning", "The kernel's pressure flag cannot be read; the state %r is told by numbers alone" % tcp["state"],
               evidence, "Let /proc/net/protocols be read: between low and pressure the numbers cannot tell.")
    count, limit = tcp["orphans"]["count"], tcp["orphans"]["limit"]
    if count is not None and limit is not None and count * ORPHAN_PENALTY > limit:
        report("tcp-orphans", "warning", "%d orphaned connections of %d: from a quarter of the limit on the kernel resets the worst of them" % (count, limit),
               {"orphans": tcp["orphans"]}, "Find who closes connections with unsent data to slow peers; do not lower tcp_max_orphans.")
