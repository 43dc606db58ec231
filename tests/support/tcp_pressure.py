# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loads the kernel of this host with loopback connections that nobody reads: until it is under real TCP memory pressure, or with a given workload.

tcp_mem is one value for the whole host: use it on test hosts only. The thresholds are put back at the end, also by a
watchdog process should this one be killed. Needs root; runs on Python 3.6 and newer, alone (see --help) or as a module.
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
RECEIVE_BUFFER = 2 * 1024 * 1024  # bytes; with 16 of them twice what the usual thresholds below take
CHUNK = 8 * 1024
DEADLINE = 30  # seconds for the kernel to reach a state that was asked for
WATCHDOG = 120  # seconds


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


class Load:
    """Connections over loopback whose receivers read only when told to.

    receive_buffer, send_buffer: what each asks of the kernel, which doubles it; without send_buffer the kernel sizes it itself.
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
                    sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
                sender.setblocking(False)
                receiver.setblocking(False)
                self.pairs.append((sender, receiver))

    def fill_until(self, reached):
        """Send until *reached* () is true. Raises RuntimeError after DEADLINE."""
        self._work_until(reached, _send)

    def fill_with_nothing_left_to_send_until(self, reached):
        """Send until *reached* () is true and all has arrived: what is left would come, and be refused, whenever its timer is due."""
        self._work_until(reached, lambda sender, receiver: _unacknowledged(sender) or _send(sender, receiver))
        # Between two looks, so that the acknowledgements, which nothing announces, find a processor.
        self._work_until(lambda: not any(_unacknowledged(sender) for sender, _receiver in self.pairs), lambda sender, receiver: time.sleep(0.01))

    @contextlib.contextmanager
    def kept_full(self):
        """Go on sending for the time of the block: left alone, the kernel collapses its queues and may leave pressure."""
        stop = threading.Event()

        def fill():
            while not stop.wait(0.01):
                for sender, receiver in self.pairs:
                    with contextlib.suppress(BlockingIOError):
                        _send(sender, receiver)

        thread = threading.Thread(target=fill)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def drain_until(self, reached):
        """Let the receivers read until *reached* () is true. Raises RuntimeError after DEADLINE."""
        self._work_until(reached, lambda sender, receiver: receiver.recv(2 * CHUNK))

    def _work_until(self, reached, work):
        deadline = time.monotonic() + DEADLINE
        while True:
            for sender, receiver in self.pairs:
                if reached():
                    return
                with contextlib.suppress(BlockingIOError):
                    work(sender, receiver)
            if time.monotonic() > deadline:
                raise RuntimeError("not reached in %d s: %d pages used, flag %s" % (DEADLINE, used_pages(), kernel_flag()))

    def fill(self):
        """Send until no connection takes any more for a second, or DEADLINE has passed. Returns the bytes sent."""
        sent, now = 0, time.monotonic()
        deadline, quiet = now + DEADLINE, now + 1
        while now < min(deadline, quiet):
            for sender, receiver in self.pairs:
                with contextlib.suppress(BlockingIOError):
                    sent += _send(sender, receiver)
                    quiet = time.monotonic() + 1
            time.sleep(0.01)  # acknowledgements make room
            now = time.monotonic()
        return sent

    def drain(self, expected):
        """Let the receivers read until *expected* bytes arrived, or twice DEADLINE has passed: what was dropped is sent again late. Returns the bytes."""
        arrived, deadline = 0, time.monotonic() + 2 * DEADLINE
        while arrived < expected and time.monotonic() < deadline:
            for _sender, receiver in self.pairs:
                with contextlib.suppress(BlockingIOError):
                    arrived += len(receiver.recv(1 << 20))
        return arrived

    def close(self):
        """Close all connections."""
        for pair in self.pairs:
            for end in pair:
                end.close()


def _send(sender, receiver):
    return sender.send(b"x" * CHUNK)


def _unacknowledged(sender):
    """Return how many bytes of a socket the other end has not acknowledged."""
    return struct.unpack("i", fcntl.ioctl(sender, termios.TIOCOUTQ, bytes(4)))[0]


@contextlib.contextmanager
def thresholds(low, pressure, high):
    """Set tcp_mem for the time of the block and put it back afterwards."""
    with open(TCP_MEM) as stream:
        saved = stream.read()
    watchdog = subprocess.Popen(["sh", "-c", "sleep %d; printf '%%s' \"$1\" > %s" % (WATCHDOG, TCP_MEM), "watchdog", saved],
                                stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        _write_thresholds("%d %d %d" % (low, pressure, high))
        yield
    finally:
        _write_thresholds(saved)
        os.killpg(watchdog.pid, signal.SIGTERM)
        watchdog.wait()


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
    """Move a little data so that the kernel looks at its flag again; of an empty queue it would not (net/core/sock.c sk_forced_mem_schedule)."""
    with load() as connections:
        for sender, receiver in connections.pairs:
            with contextlib.suppress(BlockingIOError):
                for _time in range(2):
                    _send(sender, receiver)
                receiver.recv(2 * CHUNK)


# One usage, and around it thresholds in quarters of it; "charge" makes the kernel look at them. Every state but normal is there with the
# flag down and up, from the same numbers: (state, flag, quarters, charge).
STAGES = (
    ("normal", False, (6, 7, 8), True),
    ("soft", False, (3, 5, 6), False),
    ("imminent", False, (2, 3, 5), False),
    ("pressure", True, (2, 3, 5), True),
    ("recovering", True, (3, 5, 6), False),
    ("normal", False, (6, 7, 8), True),
    ("critical", False, (1, 2, 3), False),
    ("critical", True, (1, 2, 3), True),
    ("recovering", True, (3, 5, 6), True),
    ("normal", False, (6, 7, 8), True),
)
STAGE_CONNECTIONS = 48
STAGE_TRIES = 20


def stages(usage, look):
    """Yield (state, flag, what *look* () returned in it) for each of STAGES, with *usage* pages held constant.

    usage: pages; a quarter of them must be more than the kernel may miscount. Whatever else this host sends may charge too and raise
    the flag, a command over SSH for one: then the stage is entered anew. Raises RuntimeError where it cannot be held.
    """
    with thresholds(usage * 10, usage * 15, usage * 20), load(STAGE_CONNECTIONS) as connections:
        connections.fill_with_nothing_left_to_send_until(lambda: used_pages() >= usage)
        settle()
        usage = used_pages()  # the kernel gives back a part of what it charged ahead
        for state, flag, quarters, charge in STAGES:
            before = kernel_flag()
            for _try in range(STAGE_TRIES):
                _write_thresholds(" ".join(str(usage * quarter // 4) for quarter in quarters))
                if charge:
                    settle()
                seen = look()
                if kernel_flag() == flag:
                    break
                if not before:  # somebody else's charge raised it: clear it and try again
                    _write_thresholds("%d %d %d" % (usage * 10, usage * 15, usage * 20))
                    settle()
            else:
                raise RuntimeError("%s with the flag %s was not held: %d pages used" % (state, flag, used_pages()))
            yield state, flag, seen


def run_stages(usage, command):
    """Print one line of JSON, [state, flag, text], for each stage, with what the shell *command* printed in it."""
    for stage in stages(usage, lambda: subprocess.check_output(["sh", "-c", command]).decode()):
        print(json.dumps(stage), flush=True)


def carry(number, buffer_bytes):
    """Fill *number* connections that ask for *buffer_bytes* each way, let them be read, and return what the kernel did meanwhile."""
    settle()  # a flag that an earlier load left behind
    with open(TCP_MEM) as stream:
        limits = [int(word) for word in stream.read().split()]
    before = counters()
    with load(number, buffer_bytes, buffer_bytes) as connections:
        sent = connections.fill()
        held, flag = used_pages(), kernel_flag()
        arrived = connections.drain(sent)
    after = counters()
    return {"connections": number, "buffer_bytes": buffer_bytes, "tcp_mem": limits, "used_pages": held, "kernel_flag": flag, "sent": sent,
            "arrived": arrived, "counters": {name: after[name] - before[name] for name in after if after[name] != before[name]}}


def main():
    """Hold this host under pressure until the program is ended; or lead it through all states; or carry a workload and print what the kernel did."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--hold", type=int, metavar="PAGES", help="take that much and send no more, instead of pressing on to pressure")
    parser.add_argument("--stages", nargs=2, metavar=("PAGES", "COMMAND"),
                        help="lead the host through all states with PAGES in use, print what COMMAND says in each")
    parser.add_argument("--thresholds", nargs=3, type=int, metavar="PAGES", help="low, pressure and high meanwhile; without, those of the host")
    parser.add_argument("--connections", type=int, default=CONNECTIONS, help="each can hold %d KiB" % (RECEIVE_BUFFER >> 10))
    parser.add_argument("--carry", type=int, metavar="BYTES", help="only fill the connections, each asking for BYTES each way, read them, and end")
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
            connections.fill_until(lambda: used_pages() >= arguments.hold)
        else:
            connections.fill_until(kernel_flag)
            stack.enter_context(connections.kept_full())
        print("%d pages used, flag %s" % (used_pages(), kernel_flag()), flush=True)
        while True:
            signal.pause()


if __name__ == "__main__":
    main()
