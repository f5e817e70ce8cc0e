"""Becomes a program as systemd would start it: user, limits, no capability, system calls.

``confined.py USER_NUMBER FILES SYSTEM_CALLS -- PROGRAM ...``; it ends with who started it.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38
ALLOW = 0x7FFF0000
REFUSE = 0x00050000 | 1  # EPERM


def only(system_calls: list[str]) -> None:
    """Refuse every system call but these, for ever."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(REFUSE)))
    for name in system_calls:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            seccomp.seccomp_rule_add(context, ctypes.c_uint32(ALLOW), number, 0)
    if seccomp.seccomp_load(context):
        raise SystemExit("The system calls could not be confined.")


def main() -> None:
    """Give everything up, then become the program."""
    user, files, calls, _, *program = sys.argv[1:]
    # As many as asked for, or as the machine that tries it lets anybody have.
    most = min(int(files), resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.setgroups([])
    os.setresgid(int(user), int(user), int(user))
    os.setresuid(int(user), int(user), int(user))
    os.umask(0o027)
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    only(calls.split(","))
    os.execv(program[0], program)  # noqa: S606  that is the point


if __name__ == "__main__":
    main()
