# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loads the kernel of this host with loopback connections that nobody reads: until it is under real TCP memory
pressure, or with a given workload.

tcp_mem is one value for the whole host: use it on test hosts only. The thresholds are put back at the end, also by a
watchdog process should this one be killed. Needs root; runs on Python 3.6 and newer, alone (see --help) or as a module.

Other programs of the host charge to the same counter. So a load goes by what the kernel charged for its own
connections, and what tests rely on keeps a distance from every threshold that other programs do not cover, see
distance().
"""

import argparse
import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time

TCP_MEM = "/proc/sys/net/ipv4/tcp_mem"
CONNECTIONS = 16
RECEIVE_BUFFER = 2 * 1024 * 1024  # bytes; with 16 of them twice what the thresholds that --help names take
SEND_BUFFER = 8 * 1024 * 1024  # bytes that a sender keeps where its receiver takes no more
CHUNK = 8 * 1024
LARGE_CHUNK = 64 * 1024
DEADLINE = 300  # seconds for the kernel to reach a state that was asked for; it takes a few on a quiet machine
QUIET_ROUNDS = 100  # looks, 10 ms apart, at connections that take no more
SO_MEMINFO = 55  # include/uapi/asm-generic/socket.h
MEMINFO = struct.Struct(
    "=4Ii4I"
)  # rmem_alloc, rcvbuf, wmem_alloc, sndbuf, fwd_alloc, wmem_queued, optmem, backlog, drops
# Pages that other programs may take and give back meanwhile: twice what noise.py does (3,900, measured).
NOISE = 8192


def used_pages():
    """Return the pages that TCP uses, as the kernel prints them."""
    with open("/proc/net/sockstat") as stream:
        words = next(line for line in stream if line.startswith("TCP:")).split()
    return int(words[words.index("mem") + 1])


def kernel_flag():
    """Return the kernel's pressure flag."""
    with open("/proc/net/protocols") as stream:
        column = stream.readline().split().index("press")
        return next(line.split()[column] for line in stream if line.startswith("TCP ")) == "yes"


def counters():
    """Return the kernel's counters of TCP (TcpExt of /proc/net/netstat) by name."""
    with open("/proc/net/netstat") as stream:
        names, values = [line.split()[1:] for line in stream if line.startswith("TcpExt:")]
    return dict(zip(names, map(int, values)))


def distance():
    """Return how many pages a usage must be away from a threshold to stay on its side, whatever other programs do
    and each processor keeps uncounted.
    """
    reserve = "/proc/sys/net/core/mem_pcpu_rsv"
    per_processor = 256  # include/net/sock.h SK_MEMORY_PCPU_RESERVE
    if os.path.exists(reserve):
        with open(reserve) as stream:
            per_processor = int(stream.read())
    return NOISE + os.cpu_count() * per_processor


def wait_until(reached, what):
    """Look every 10 ms until *reached* () is true. Raises RuntimeError that names *what* after DEADLINE."""
    deadline = time.monotonic() + DEADLINE
    while not reached():
        if time.monotonic() > deadline:
            raise _not_reached(what)
        time.sleep(0.01)  # nothing announces what it waits for


def _not_reached(what):
    return RuntimeError("%s: not within %d s, %d pages used, flag %s" % (what, DEADLINE, used_pages(), kernel_flag()))


class Load:
    """Connections over loopback whose receivers read only when told to.

    receive_buffer, send_buffer: what each asks of the kernel, which doubles it; without send_buffer the kernel sizes it
    itself.
    """

    def __init__(self, number, receive_buffer=RECEIVE_BUFFER, send_buffer=None):
        self.pairs = []
        with contextlib.closing(socket.socket()) as listener:
            # Unlike SO_RCVBUF not capped by rmem_max, which is 212992 on older kernels.
            listener.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_RCVBUFFORCE", 33), receive_buffer)
            listener.bind(("127.0.0.1", 0))
            listener.listen(number)
            for _index in range(number):
                sender = socket.create_connection(listener.getsockname())
                receiver, _address = listener.accept()
                if send_buffer:
                    sender.setsockopt(socket.SOL_SOCKET, getattr(socket, "SO_SNDBUFFORCE", 32), send_buffer)
                sender.setblocking(False)
                receiver.setblocking(False)
                self.pairs.append((sender, receiver))

    def pages(self):
        """Return the pages that the kernel charged for these connections: exactly, unlike its counter, and nobody
        else's.
        """
        charged = 0
        for pair in self.pairs:
            for end in pair:
                meminfo = MEMINFO.unpack(end.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, MEMINFO.size))
                charged += meminfo[0] + meminfo[4] + meminfo[5]
        return charged // os.sysconf("SC_PAGE_SIZE")

    def fill_until(self, reached, size=CHUNK):
        """Send *size* bytes at a time until *reached* () is true. Raises RuntimeError after DEADLINE."""
        self._work_until(reached, lambda sender, receiver: _send(sender, size))

    def fill_to(self, pages):
        """Send until these connections hold *pages*, all of it arrived: what is left would come, and be refused,
        whenever its timer is due.
        """
        deadline = time.monotonic() + DEADLINE
        while self.pages() < pages:  # an acknowledgement gives back what was charged for its sender
            self._work_until(
                lambda: self.pages() >= pages,
                lambda sender, receiver: _unacknowledged(sender) or _send(sender, LARGE_CHUNK),
            )
            wait_until(
                lambda: not any(_unacknowledged(sender) for sender, _receiver in self.pairs),
                "all that was sent is acknowledged",
            )
            if time.monotonic() > deadline:
                raise _not_reached("to hold %d pages" % pages)

    @contextlib.contextmanager
    def kept_full(self):
        """Go on sending for the time of the block: left alone, the kernel collapses its queues and may leave
        pressure.
        """
        stop = threading.Event()

        def fill():
            while not stop.wait(0.01):
                for sender, _receiver in self.pairs:
                    with contextlib.suppress(BlockingIOError):
                        _send(sender, CHUNK)

        thread = threading.Thread(target=fill)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def drain_until(self, reached, size=2 * CHUNK):
        """Let the receivers read *size* bytes at a time until *reached* () is true. Raises RuntimeError after
        DEADLINE.

        Kernels before 6.0 and EL9.2 keep up to 2 MiB for a receiver that has nothing left to read, until it handles
        data (net/core/sock.c sk_mem_uncharge): it gets a byte.
        """
        self._work_until(
            reached, lambda sender, receiver: receiver.recv(size), lambda sender, _receiver: _send(sender, 1)
        )

    def _work_until(self, reached, work, otherwise=None):
        """Let *work* (sender, receiver) go over the connections until *reached* () is true. otherwise: the same, where
        no connection has work.
        """
        deadline = time.monotonic() + DEADLINE
        while True:
            worked = False
            for sender, receiver in self.pairs:
                if reached():
                    return
                with contextlib.suppress(BlockingIOError):
                    work(sender, receiver)
                    worked = True
            if time.monotonic() > deadline:
                raise _not_reached("a load of %d pages" % self.pages())
            if not worked:
                time.sleep(0.01)  # acknowledgements, which nothing announces, need a processor
                for sender, receiver in self.pairs if otherwise else ():
                    with contextlib.suppress(BlockingIOError):
                        otherwise(sender, receiver)

    def fill(self):
        """Send until no connection takes any more for QUIET_ROUNDS, or DEADLINE has passed. Returns the bytes sent."""
        sent, quiet, deadline = 0, 0, time.monotonic() + DEADLINE
        while quiet < QUIET_ROUNDS and time.monotonic() < deadline:
            quiet += 1
            for sender, _receiver in self.pairs:
                with contextlib.suppress(BlockingIOError):
                    sent += _send(sender, CHUNK)
                    quiet = 0
            time.sleep(0.01)  # acknowledgements make room
        return sent

    def drain(self, expected):
        """Let the receivers read until *expected* bytes arrived, or twice DEADLINE has passed: what was dropped is
        sent again late. Returns the bytes.
        """
        arrived, deadline = 0, time.monotonic() + 2 * DEADLINE
        while arrived < expected and time.monotonic() < deadline:
            before = arrived
            for _sender, receiver in self.pairs:
                with contextlib.suppress(BlockingIOError):
                    arrived += len(receiver.recv(1 << 20))
            if arrived == before:
                time.sleep(0.01)  # for what is still to come
        return arrived

    def close(self):
        """Close all connections."""
        for pair in self.pairs:
            for end in pair:
                end.close()


def _send(sender, size):
    return sender.send(b"x" * size)


def _unacknowledged(sender):
    """Return how many bytes of a socket the other end has not acknowledged."""
    return struct.unpack("i", fcntl.ioctl(sender, termios.TIOCOUTQ, bytes(4)))[0]


@contextlib.contextmanager
def thresholds(low, pressure, high):
    """Set tcp_mem for the time of the block and put it back afterwards."""
    with kept(TCP_MEM) as write:
        write("%d %d %d" % (low, pressure, high))
        yield


@contextlib.contextmanager
def kept(path):
    """Yield a function that writes to *path*, and put back afterwards what was there."""
    with open(path) as stream:
        saved = stream.read()
    # It waits for a line: the end of its input, without one, is the end of this process.
    watchdog = subprocess.Popen(
        ["sh", "-c", "trap '' HUP INT TERM; read line || printf '%%s' \"$1\" > %s" % path, "watchdog", saved],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )

    def write(text):
        with open(path, "w") as stream:
            stream.write(text)

    try:
        yield write
    finally:
        write(saved)
        watchdog.communicate(b"\n")


def _write_thresholds(text):
    with open(TCP_MEM, "w") as stream:
        stream.write(text)


@contextlib.contextmanager
def load(*arguments):
    """Yield a Load of *arguments*, by default of CONNECTIONS, and close it."""
    connections = Load(*arguments or (CONNECTIONS,))
    try:
        yield connections
    finally:
        connections.close()


def settle():
    """Move a little data so that the kernel looks at its flag again; of an empty queue it would not (net/core/sock.c
    sk_forced_mem_schedule).
    """
    with load() as connections:
        for sender, receiver in connections.pairs:
            with contextlib.suppress(BlockingIOError):
                for _time in range(2):
                    _send(sender, CHUNK)
                receiver.recv(2 * CHUNK)


# One usage, and around it thresholds in quarters of it: every state from the same number.
QUARTERS = {
    "normal": (6, 7, 8),
    "soft": (3, 5, 6),
    "imminent": (2, 3, 5),
    "pressure": (2, 3, 5),
    "recovering": (3, 5, 6),
    "stale": (6, 7, 8),
    "critical": (1, 2, 3),
}
FAR_ABOVE = (40, 60, 80)
HELD_CONNECTIONS = 48
# A way through all of them, every state but normal with the flag down and up: (state, flag, charge). "charge" makes the
# kernel look at the thresholds.
STAGES = (
    ("normal", False, True),
    ("soft", False, False),
    ("imminent", False, False),
    ("pressure", True, True),
    ("recovering", True, False),
    ("stale", True, False),
    ("normal", False, True),
    ("critical", False, False),
    ("critical", True, True),
    ("recovering", True, True),
    ("normal", False, True),
)


class Held:
    """The usage of a Load, held still, with thresholds that are moved around it."""

    def __init__(self, connections):
        self.connections = connections
        self.pages = connections.pages()

    def _place(self, quarters):
        _write_thresholds(" ".join(str(self.pages * quarter // 4) for quarter in quarters))

    def turn(self, flag):
        """Make the kernel raise its *flag*, or clear it, by the thresholds of pressure or by some far above the
        usage.
        """
        self._place(QUARTERS["pressure"] if flag else FAR_ABOVE)

        def turned():
            settle()
            return kernel_flag() == flag

        wait_until(turned, "the flag is %s" % flag)

    def enter(self, state, flag, charge=False, look=lambda: None):
        """Bring the host to *state*, with the flag *flag* that is there already or that the *charge* leads to. Return
        what *look* () returned in it.

        Whatever else this host sends may charge too and raise the flag, a command over SSH for one: then it is entered
        anew, after a pause of any length, so that it meets a moment in which nobody does. Raises RuntimeError where it
        cannot be held.
        """
        before, seen = kernel_flag(), []

        def held():
            if kernel_flag() != before:
                self.turn(before)
            self._place(QUARTERS[state])
            if charge:
                settle()
            seen[:] = [look()]
            return kernel_flag() == flag

        wait_until(held, "%s with the flag %s, held for a look" % (state, flag))
        return seen[0]

    def release(self):
        """Close the connections and let the kernel see that nobody holds anything any more."""
        self.connections.close()
        settle()


@contextlib.contextmanager
def held(pages=None):
    """Yield a Held of *pages*: of so many that a quarter is the distance(), unless told otherwise. The flag is down,
    all thresholds are far above.
    """
    pages = pages or 4 * distance()
    try:
        with thresholds(*(pages * quarter // 4 for quarter in FAR_ABOVE)), load(HELD_CONNECTIONS) as connections:
            connections.fill_to(pages)
            usage = Held(connections)
            usage.turn(False)
            yield usage
    finally:
        settle()  # with the thresholds that were there before, which clears the flag


def stages(pages, look):
    """Yield (state, flag, what *look* () returned in it) for each of STAGES, with *pages* held, or as many as held()
    takes.

    A quarter of them must be more than the kernel may miscount.
    """
    with held(pages) as usage:
        for state, flag, charge in STAGES:
            yield state, flag, usage.enter(state, flag, charge, look)


def run_stages(pages, command):
    """Print one line of JSON, [state, flag, text], for each stage, with what the shell *command* printed in it."""
    for stage in stages(pages, lambda: subprocess.check_output(["sh", "-c", command]).decode()):
        print(json.dumps(stage), flush=True)


def carry(number, buffer_bytes):
    """Fill *number* connections that ask for *buffer_bytes* each way, let them be read, and return what the kernel
    did meanwhile.
    """
    settle()  # a flag that an earlier load left behind
    with open(TCP_MEM) as stream:
        limits = [int(word) for word in stream.read().split()]
    before = counters()
    with load(number, buffer_bytes, buffer_bytes) as connections:
        sent = connections.fill()
        held_pages, flag = used_pages(), kernel_flag()
        arrived = connections.drain(sent)
    after = counters()
    return {
        "connections": number,
        "buffer_bytes": buffer_bytes,
        "tcp_mem": limits,
        "used_pages": held_pages,
        "kernel_flag": flag,
        "sent": sent,
        "arrived": arrived,
        "counters": {name: after[name] - before[name] for name in after if after[name] != before[name]},
    }


def main():
    """Hold this host under pressure until the program is ended; or lead it through all states; or carry a workload
    and print what the kernel did.
    """
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--hold", type=int, metavar="PAGES", help="take that much and send no more, instead of pressing on to pressure"
    )
    parser.add_argument(
        "--stages",
        nargs=2,
        metavar=("PAGES", "COMMAND"),
        help="lead the host through all states with PAGES in use, print what COMMAND says in each",
    )
    parser.add_argument(
        "--thresholds",
        nargs=3,
        type=int,
        metavar="PAGES",
        help="low, pressure and high meanwhile; without, those of the host",
    )
    parser.add_argument(
        "--connections", type=int, default=CONNECTIONS, help="each can hold %d KiB" % (RECEIVE_BUFFER >> 10)
    )
    parser.add_argument(
        "--carry",
        type=int,
        metavar="BYTES",
        help="only fill the connections, each asking for BYTES each way, read them, and end",
    )
    arguments = parser.parse_args()
    if arguments.carry:
        print(json.dumps(carry(arguments.connections, arguments.carry)))
        return
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())  # so that everything is put back
    if arguments.stages:
        run_stages(int(arguments.stages[0]), arguments.stages[1])
        return
    with contextlib.ExitStack() as stack:
        if arguments.thresholds:
            stack.enter_context(thresholds(*arguments.thresholds))
        connections = stack.enter_context(load(arguments.connections))
        if arguments.hold:
            connections.fill_to(arguments.hold)
        else:
            connections.fill_until(kernel_flag)
            stack.enter_context(connections.kept_full())
        print("%d pages used, flag %s" % (used_pages(), kernel_flag()), flush=True)
        while True:
            signal.pause()


if __name__ == "__main__":
    main()
