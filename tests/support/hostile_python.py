# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for the Python of a host that lies: ``python -I -S hostile_python.py FOLDER [what Ansible gives an
interpreter]``.

FOLDER/plan.json tells what the host does, and a line in FOLDER/visits counts how often it was asked:

- tree: the files of the host. The script of the collection runs as it is, on the real Python, in a mount namespace
  where /proc, /sys and /etc are those of the tree: it reads and writes there, never on this machine.
- record: a folder where the true answer of each visit is written down, so that many hosts can give it without doing the
  work.
- answers: such answers, one for each visit; the last one for all further visits.
- strikes: what is changed in the answer, each {at: number of the visit or null for all, do, path, ...}, see strike().
- print: [name, number] instead of an answer, see FLOODS.

An answer is one JSON document. Around it the fast lane wants marks, which are in its script; the ordinary module has
none.
"""

import json
import os
import sys

MARK_LETTERS = set("0123456789abcdef")
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x00020000, 4096, 16384, 1 << 18  # include/uapi/linux/sched.h, mount.h
HIDDEN = (
    "/etc",
    "/run",
    "/sys",
    "/usr/lib/sysctl.d",
    "/usr/lib/systemd",
    "/usr/lib/tuned",
    "/usr/local/lib/sysctl.d",
    "/var/lib",
    "/proc",
)  # /proc is last
RAW = "@raw:"  # what is printed as it stands, such as NaN


def script(arguments):
    """Return the text that the interpreter was told to run."""
    for argument in arguments:
        if argument.startswith("/") and os.path.isfile(argument):
            with open(argument, encoding="utf-8", errors="replace") as stream:
                return stream.read()
    return sys.stdin.buffer.read().decode("utf-8", "replace")


def mark_in(text):
    """Return the mark of the fast lane in its script, "" where there is none."""
    for part in text.split("<")[1:]:
        word = part.partition(">")[0]
        if len(word) >= 16 and MARK_LETTERS.issuperset(word):
            return "<%s>" % word
    return ""


def work(tree, arguments, text):
    """Return what the real Python prints when it runs *text* on the files of *tree*."""
    import ctypes  # few need these
    import subprocess

    libc = ctypes.CDLL(None, use_errno=True)

    def into_the_tree():
        done = libc.unshare(CLONE_NEWNS) or libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
        for path in HIDDEN:
            folder = tree + path
            if os.path.isdir(path):
                os.makedirs(folder, exist_ok=True)
                done = done or libc.mount(folder.encode(), path.encode(), None, MS_BIND, None)
        if done:
            raise OSError(ctypes.get_errno(), "the files of the host cannot be mounted")

    options = [argument for argument in arguments if argument.startswith("-") and argument != "-"]
    ran = subprocess.run(
        [sys.executable, *options, "-"],
        input=text.encode(),
        stdout=subprocess.PIPE,
        preexec_fn=into_the_tree,
        close_fds=False,
        check=False,
    )
    return ran.stdout.decode("utf-8", "replace")


def document_in(output):
    """Return the JSON document in *output*, with whatever stands around it cut off."""
    return json.loads(output[output.index("{") : output.rindex("}") + 1])


def struck(answer, strikes):
    """Return a copy of *answer* with all *strikes* in it."""
    answer = json.loads(json.dumps(answer))
    for what in strikes:
        answer = strike(answer, what)
    return answer


def strike(answer, what):
    """Return *answer* changed as *what* says: put or add a value, rename a key, or lie everywhere."""
    path, value = what.get("path", []), what.get("value")
    if what["do"] == "everywhere":
        return everywhere(answer, value, what.get("keys", True))
    if not path:
        return value if what["do"] == "put" else added(answer, what.get("key"), value)
    place = answer
    for step in path[:-1]:
        place = place[step]
    last = path[-1]
    if what["do"] == "put":
        place[last] = value
    elif what["do"] == "add":
        place[last] = added(place[last], what.get("key"), value)
    elif what["do"] == "rename":
        place[what["key"]] = place.pop(last)
    return answer


def added(place, key, value):
    """Return the dictionary or list *place* with one more value."""
    return dict(place, **{key: value}) if isinstance(place, dict) else list(place) + [value]


def everywhere(place, value, keys):
    """Return *place* with every text replaced by *value*, and with one more key, or one more text, at every depth."""
    if isinstance(place, dict):
        lying = {key: everywhere(one, value, keys) for key, one in place.items()}
        return dict(lying, **{value if isinstance(value, str) else "evil": value, "evil": value}) if keys else lying
    if isinstance(place, list):
        texts = all(isinstance(one, str) for one in place)
        return [everywhere(one, value, keys) for one in place] + [value] * (texts and keys)
    return value if isinstance(place, str) else place


def raw(text):
    """Return the JSON *text* with the quotes taken off what shall stand as it is."""
    parts = text.split('"' + RAW)
    return parts[0] + "".join(raw_text + rest for raw_text, _quote, rest in (part.partition('"') for part in parts[1:]))


def without_end(stream, chunk, first=""):
    """Print until nobody listens."""
    stream.write(first)
    while True:
        stream.write(chunk)


# What is printed instead of an answer: {name: function(mark, number)}.
FLOODS = {
    "endless": lambda mark, number: without_end(sys.stdout, "y" * 65536),
    "endless lines": lambda mark, number: without_end(sys.stdout, "y\n" * 32768),
    "endless answer": lambda mark, number: without_end(sys.stdout, "y" * 65536, mark + '{"msg": "'),
    "endless errors": lambda mark, number: without_end(sys.stderr, "y" * 65536),
    "megabytes": lambda mark, number: [sys.stdout.write("y" * 1048576) for _one in range(number)],
}


def main(folder, arguments):
    """Answer once."""
    with open(folder + "/plan.json", encoding="utf-8") as stream:
        plan = json.load(stream)
    with open(folder + "/visits", "a+", encoding="utf-8") as stream:
        stream.write(".")
        visit = stream.tell()
    text = script(arguments)
    mark = mark_in(text)
    if "print" in plan:
        name, number = plan["print"]
        FLOODS[name](mark, number)
        return
    if "answers" in plan:
        with open(plan["answers"], encoding="utf-8") as stream:
            answers = json.load(stream)
        answer = answers[min(visit, len(answers)) - 1]
    else:
        output = work(plan["tree"], arguments, text)
        answer = document_in(output)
        if mark not in output:
            raise SystemExit(
                "The mark of the fast lane was not found in its script: this program has to learn its new form."
            )
        if "record" in plan:
            with open("%s/%d.json" % (plan["record"], visit), "w", encoding="utf-8") as stream:
                json.dump(answer, stream)
    answer = struck(answer, [what for what in plan.get("strikes", ()) if what.get("at") in (None, visit)])
    sys.stdout.write(mark + raw(json.dumps(answer)) + mark + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
