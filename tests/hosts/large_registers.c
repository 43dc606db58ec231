/* Copyright (c) 2026, linux_net.socket_memory contributors
 * GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Let user-mode Linux run on a processor with AMX. It is loaded in front of the C library, and changes nothing on others.
 *
 * User-mode Linux saves and sets the registers of its guest's processes with ptrace, and has room for those of AVX-512: 2,696 bytes
 * (arch/x86/um of Linux 6.1). With AMX there are 11 KB. The kernel below hands out the part that fits, but takes only
 * the whole back (xstateregs_set(), arch/x86/kernel/fpu/regset.c): "ptrace set fp regs failed, errno = 14", and the
 * guest's init is dead. So the rest is added here. It is zero: a process must ask for AMX before it can use it.
 *
 * No header is included: a compiler comes without those of the C library.
 */

#define PTRACE_GETREGSET 0x4204
#define PTRACE_SETREGSET 0x4205
#define NT_X86_XSTATE ((void *) 0x202)
#define RTLD_NEXT ((void *) -1L)

struct iovec {
    void *base;
    unsigned long length;
};

extern void *dlsym(void *handle, const char *name);

long ptrace(long request, int process, void *address, void *data)
{
    static long (*next)(long, int, void *, void *);
    static char registers[1 << 16];
    static unsigned long length;
    struct iovec *given = data, whole = {registers, sizeof registers};

    if (!next)
        next = (long (*)(long, int, void *, void *)) dlsym(RTLD_NEXT, "ptrace");
    if (request != PTRACE_SETREGSET || address != NT_X86_XSTATE)
        return next(request, process, address, data);
    if (!length) {
        if (next(PTRACE_GETREGSET, process, address, &whole) < 0)
            return -1;
        length = whole.length;
    }
    for (unsigned long i = 0; i < given->length && i < length; i++)
        registers[i] = ((char *) given->base)[i];
    whole.length = length;
    return next(request, process, address, &whole);
}
