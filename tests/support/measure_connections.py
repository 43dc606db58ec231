# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measures on the kernel of this host what TCP connections cost, over loopback in a network namespace of its own.
Prints JSON.

It changes no value of the host. Needs root; runs on Python 3.6 and newer, alone. Other programs of the host may open
and close connections meanwhile: only "pool_pages" needs a host on which nobody else uses TCP.
"""

import contextlib
import ctypes
import json
import os
import resource
import socket
import statistics
import struct
import subprocess
import time

CLONE_NEWNET = 0x40000000  # include/uapi/linux/sched.h
SO_MEMINFO = 55  # include/uapi/asm-generic/socket.h
MEMINFO = struct.Struct("9I")  # rmem_alloc, rcvbuf, wmem_alloc, sndbuf, fwd_alloc, wmem_queued, optmem, backlog, drops
RCV_SSTHRESH = struct.Struct("64xI")  # struct tcp_info; right after the handshake it is the window of the SYN-ACK
ADV_WIN_SCALE = "/proc/sys/net/ipv4/tcp_adv_win_scale"

# So many that connections of other programs are the fewer, but no more than a part of the memory.
IDLE_CONNECTIONS = 10000
MEMORY_PER_CONNECTION = 80 * 1024  # bytes
UNREAD_CONNECTIONS = 2000
REPEATS = 3
TRIES = 60
DEADLINE = 300  # seconds for what takes a fraction of one on a quiet machine
COMES_WITH_SOCKETS = 0.4  # objects of a cache per socket; less is the work of others
NOT_IDLE = ("tw_sock_TCP", "tw_sock_TCPv6")  # what is left of connections that others closed
# (bytes, number) of the segments each connection leaves unread. Small ones stay below the 536 bytes after which the
# receiver acknowledges: an skb that is not acknowledged yet is not merged with the next. 10 is the first congestion
# window.
UNREAD = ((1, 10), (100, 10), (500, 10), (30000, 2))
BUFFERS = (1, 1200, 4000, 30000, 100000)  # bytes asked with SO_SNDBUF and SO_RCVBUF; below rmem_max everywhere
WINDOW_BUFFERS = (4000, 16384, 30000)  # twice that fits the 64 KiB of an unscaled window
SCALES = (1, 2, -2, 0)


def words_of(path, start):
    """Return the words of the line of *path* that starts with *start*."""
    with open(path) as stream:
        return next(line.split() for line in stream if line.startswith(start))


def used_pages():
    """Return what TCP has charged, as the kernel prints it."""
    words = words_of("/proc/net/sockstat", "TCP:")
    return int(words[words.index("mem") + 1])


def slabs():
    """Return {cache: (objects in use, bytes of slab that each takes)}."""
    with open("/proc/slabinfo") as stream:
        rows = [line.split() for line in stream.readlines()[2:]]
    page = os.sysconf("SC_PAGE_SIZE")
    return {row[0]: (int(row[1]), int(row[5]) * page / int(row[4])) for row in rows}


@contextlib.contextmanager
def connections(number, receive_buffer=None):
    """Yield (connecting ends, accepted ends) of *number* connections and close them."""
    ends = [], []
    with contextlib.closing(socket.socket()) as listener:
        if receive_buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        for _index in range(number):
            ends[0].append(socket.create_connection(listener.getsockname()))
            ends[1].append(listener.accept()[0])
    try:
        yield ends
    finally:
        for end in ends[0] + ends[1]:
            end.close()


def meminfo(end):
    """Return what the kernel holds for the socket, as in `ss -m`."""
    return MEMINFO.unpack(end.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, MEMINFO.size))


def charged_pages(ends):
    """Return the pages that the kernel charged for these sockets, whatever it charged for others: whole ones for
    each.
    """
    return sum(info[0] + info[4] + info[5] for info in map(meminfo, ends)) // os.sysconf("SC_PAGE_SIZE")


def idle(number):
    """Return the bytes of slab per socket of *number* connections that never carried data, and the pages that TCP
    charged for all.

    None where other programs opened or closed so many meanwhile that there are not about as many sockets more as these.
    All that are more count: they cost the same.
    """
    before = slabs()
    with connections(number) as (senders, receivers):
        after, charged = slabs(), charged_pages(senders + receivers)
    new = {
        name: count - before[name][0]
        for name, (count, _size) in after.items()
        if name in before and name not in NOT_IDLE
    }
    # Who looks through /proc/PID/fd meanwhile, as monitoring does, leaves an inode and a directory entry for every
    # socket.
    new["dentry"] -= new["proc_inode_cache"]
    new["proc_inode_cache"] = 0
    sockets = new[
        "TCP"
    ]  # a cache that is never merged with others: it is of a type that is safe under RCU (net/ipv4/tcp_ipv4.c tcp_prot)
    if not number < sockets < 3 * number:
        return None
    taken = sum(count * after[name][1] for name, count in new.items() if count > COMES_WITH_SOCKETS * sockets)
    return {"slab_bytes": taken / sockets, "pages": charged}


def idle_rounds(number):
    """Return what idle() returned in REPEATS rounds."""
    found = []
    for _try in range(TRIES):
        found += [one for one in [idle(number)] if one]
        if len(found) == REPEATS:
            return found
    raise RuntimeError(
        "other programs opened and closed more than %d connections in each of %d rounds" % (number, TRIES)
    )


def unread(number, segment_bytes, segments):
    """Return what the kernel charges for the data that each of *number* connections holds: bytes per socket, pages
    for all, and by its counter.
    """
    with connections(number) as (senders, receivers):
        before = used_pages()
        for sender, receiver in zip(senders, receivers):
            sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            receiver.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 0)
            for _index in range(segments):
                sender.send(b"x" * segment_bytes)
        deadline = time.monotonic() + DEADLINE
        while any(meminfo(sender)[5] for sender in senders):  # what is not acknowledged is charged to the sender too
            if time.monotonic() > deadline:
                raise RuntimeError("segments of %d bytes are not acknowledged within %d s" % (segment_bytes, DEADLINE))
            time.sleep(0.05)  # an acknowledgement is delayed by 40 to 200 ms (include/net/tcp.h TCP_DELACK_MIN, _MAX)
        return {
            "segment_bytes": segment_bytes,
            "segments": segments,
            "connections": number,
            "pool_pages": used_pages() - before,
            "pages": charged_pages(senders + receivers),
            "charged": statistics.median(meminfo(receiver)[0] for receiver in receivers),
        }


def buffers(asked):
    """Return what the kernel holds when an application asks for *asked* bytes."""
    with contextlib.closing(socket.socket()) as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, asked)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, asked)
        return {
            "asked": asked,
            "receive": end.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF),
            "send": end.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF),
        }


def window(asked, scale):
    """Return the first window that a listener with *asked* bytes of SO_RCVBUF advertises under tcp_adv_win_scale
    *scale*.
    """
    with open(ADV_WIN_SCALE, "w") as stream:
        stream.write(str(scale))
    with connections(1, asked) as (_senders, receivers):
        info = receivers[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, RCV_SSTHRESH.size)
        return {"buffer": meminfo(receivers[0])[1], "adv_win_scale": scale, "window": RCV_SSTHRESH.unpack(info)[0]}


def main():
    """Print {release, page_size, error_bound (pages), idle, unread, buffers, windows}."""
    low = int(words_of("/proc/sys/net/ipv4/tcp_mem", "")[0])  # not visible from within the namespace
    reserve = "/proc/sys/net/core/mem_pcpu_rsv"
    page = os.sysconf("SC_PAGE_SIZE")
    per_cpu = int(words_of(reserve, "")[0]) if os.path.exists(reserve) else (1 << 20) // page
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    descriptors = (hard - 50) // 2
    memory = os.sysconf("SC_PHYS_PAGES") * page // MEMORY_PER_CONNECTION
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.check_call(["ip", "link", "set", "lo", "up"])
    rounds = idle_rounds(min(IDLE_CONNECTIONS, descriptors, memory))
    cost = {size: size * count + 1500 * count for size, count in UNREAD}  # bytes per connection, generously
    print(
        json.dumps(
            {
                "release": os.uname().release,
                "page_size": page,
                "error_bound": os.sysconf("SC_NPROCESSORS_ONLN") * per_cpu,
                # What is freed meanwhile, by others or by the round before, hides some of it: the largest is the
                # nearest.
                "idle": {
                    "slab_bytes": max(one["slab_bytes"] for one in rounds),
                    "pages": statistics.median(one["pages"] for one in rounds),
                },
                # Half of "low", so that nobody on this host feels it.
                "unread": [
                    unread(min(UNREAD_CONNECTIONS, descriptors, low * page // 2 // (cost[size] + page)), size, count)
                    for size, count in UNREAD
                ],
                "buffers": [buffers(asked) for asked in BUFFERS],
                "windows": [window(asked, scale) for asked in WINDOW_BUFFERS for scale in SCALES],
            }
        )
    )


if __name__ == "__main__":
    main()
