# Copyright (c) 2026, linux_net.socket_memory contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stops a process before any one of its system calls, by ptrace(2), to kill it there or to change the host under it.
Linux only.
"""

import ctypes
import os
import signal

# include/uapi/linux/ptrace.h
PTRACE_TRACEME, PTRACE_SYSCALL, PTRACE_SETOPTIONS = 0, 24, 0x4200
PTRACE_O_TRACESYSGOOD, PTRACE_O_EXITKILL = 0x1, 0x100000
SYSCALL_STOP = signal.SIGTRAP | 0x80  # with PTRACE_O_TRACESYSGOOD

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def kill(process):
    """End the stopped *process*: the system call that it stands before is not made."""
    os.kill(process, signal.SIGKILL)


def stop_before(number, work, action=kill):
    """Run work() in a child of this process; before its system call *number* (from 0) stop it, do action(process), let
    it go on.

    Returns whether it made so many system calls. What work() raises is lost; it is the child's.
    """
    processors = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [min(processors)])  # both on one: two in turn wake each other up much faster there
    try:
        return _stop_before(number, work, action)
    finally:
        os.sched_setaffinity(0, processors)


def _stop_before(number, work, action):
    process = os.fork()
    if not process:
        try:
            _ptrace(PTRACE_TRACEME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            work()
        finally:
            os._exit(0)
    os.waitpid(process, 0)
    _ptrace(PTRACE_SETOPTIONS, process, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)
    stops = 0  # two for each system call: before and after it
    status = _resume(process)
    while os.WIFSTOPPED(status):
        if os.WSTOPSIG(status) == SYSCALL_STOP:
            if stops == 2 * number:
                try:
                    action(process)
                except BaseException:
                    kill(process)
                    raise
            stops += 1
        status = _resume(process)
    # The last one is exit_group, which is after the work.
    return stops > 2 * number + 1 or os.WIFSIGNALED(status)


def _resume(process):
    """Let the stopped *process* run to its next stop, or its end. Returns its status, as waitpid does."""
    try:
        _ptrace(PTRACE_SYSCALL, process)
    except ProcessLookupError:
        pass  # it was killed where it stood
    return os.waitpid(process, 0)[1]


def _ptrace(request, process, data=0):
    """Call ptrace(2). Raises OSError."""
    if libc.ptrace(request, process, None, data) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "ptrace")
