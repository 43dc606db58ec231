# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a command beside programs that keep the processors busy, and one that opens and closes connections over
loopback, over and over.

    python3 tests/support/noise.py pytest tests/system

Tests that pass on a quiet machine only fail here. All of it ends with the command, with this program, or after
--seconds, whichever is first. The exit code is that of the command. Needs neither root nor anything but Python 3.10.
"""

import argparse
import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time

BUSY = 2
CONNECTIONS = 5000  # at a time; two sockets each
UNREAD = 1024  # bytes that each leaves with its receiver, which charges a page for them
HELD = 0.2  # seconds between opening and closing
SPARE = 100  # descriptors for everything else
LIMIT = 4 * 3600  # seconds
GRACE = 300  # seconds for a command that is interrupted to put back what it changed
TIME_WAIT = (
    60  # seconds that the kernel keeps a connection that was closed in order (include/net/tcp.h TCP_TIMEWAIT_LEN)
)
MAX_TIME_WAIT = "/proc/sys/net/ipv4/tcp_max_tw_buckets"


def be_busy():
    """Take what this processor gives, for about a tenth of a second."""
    end = time.monotonic() + 0.1
    while time.monotonic() < end:
        pass


class Connections:
    """Opens and closes *number* connections at a time, fewer where there are no descriptors for so many.

    Half of them are closed in order, as long as that leaves the table of TIME-WAIT half empty: a host whose table is
    full is not well, and the collection says so. The others are reset.
    """

    def __init__(self, number):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.number = min(number, (hard - SPARE) // 2)
        with open(MAX_TIME_WAIT) as stream:
            self.in_order_per_second = int(stream.read()) / 2 / TIME_WAIT
        self.in_order, self.start = 0, time.monotonic()
        self.round = self.opened = 0

    def open_and_close(self):
        """Do it once. Where the kernel refuses memory, or has no port left, there are fewer: that is part of the
        noise. Raises OSError where there are none.
        """
        self.round += 1
        address = "127.1.%d.%d" % (
            self.round // 250 % 250,
            self.round % 250 + 1,
        )  # ports of other addresses may be in TIME-WAIT
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            listener = stack.enter_context(socket.create_server((address, 0), backlog=64))
            for index in range(self.number):
                with contextlib.suppress(OSError):
                    self._open(stack, listener, index)
            time.sleep(HELD)  # open connections are what disturbs
        if not self.opened:
            raise OSError("no connection can be opened over loopback")

    def _open(self, stack, listener, index):
        sender = stack.enter_context(socket.create_connection(listener.getsockname(), timeout=1))
        receiver = stack.enter_context(listener.accept()[0])
        sender.setblocking(False)
        sender.send(b"x" * UNREAD)
        self.opened += 1
        if index % 2 and self.in_order < self.in_order_per_second * (time.monotonic() - self.start):
            self.in_order += 1
            receiver.settimeout(1)
            receiver.recv(UNREAD)  # what is not read when it closes makes it a reset


def repeat(work, end):
    """Start a process that calls *work* until time.monotonic() is past *end* or this process is gone. Returns its
    id.
    """
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
        while time.monotonic() < end and os.getppid() == parent:
            work()
        status = 0
    except OSError as error:
        print("noise.py: %s" % error, file=sys.stderr)
    finally:
        os._exit(status)


def main():
    """Do what the command line says. Returns the exit code of the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--busy", type=int, default=BUSY, metavar="N", help="busy loops (default %(default)s)")
    parser.add_argument(
        "--connections", type=int, default=CONNECTIONS, metavar="N", help="connections at a time (default %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=int, default=LIMIT, help="when to end the command at the latest (default %(default)s)"
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND")
    arguments = parser.parse_args()
    if not arguments.command:
        parser.error("expected a command")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background programs ignore it, and so would the command
    end = time.monotonic() + arguments.seconds + GRACE
    works = [be_busy] * arguments.busy + [Connections(arguments.connections).open_and_close] * bool(
        arguments.connections
    )
    children = [repeat(work, end) for work in works]
    try:
        with subprocess.Popen(arguments.command) as command:
            try:
                return command.wait(arguments.seconds)
            except subprocess.TimeoutExpired:
                print(
                    "noise.py: the command did not end within %d s, it is interrupted" % arguments.seconds,
                    file=sys.stderr,
                )
                command.send_signal(signal.SIGINT)
                command.wait(GRACE)
                return 1
            finally:
                command.kill()
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        if {os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children} - {-signal.SIGKILL}:
            sys.exit("noise.py: it was quieter than it should have been, a program of the noise ended early")


if __name__ == "__main__":
    sys.exit(main())
