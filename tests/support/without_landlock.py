"""Runs a program that finds no Landlock: its three system calls answer that there are none.

Usage: python3 without_landlock.py PROGRAM ARGUMENT...
"""

import ctypes
import os
import struct
import sys

PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
SECCOMP_MODE_FILTER = 2
ALLOW = 0x7FFF0000
ENOSYS = 0x00050000 | 38

# Load the number of the system call; from 444 to 446 there is no such call.
instructions = [
    (0x20, 0, 0, 0),
    (0x35, 0, 2, 444),
    (0x25, 1, 0, 446),
    (0x06, 0, 0, ENOSYS),
    (0x06, 0, 0, ALLOW),
]
code = b"".join(struct.pack("HBBI", *one) for one in instructions)
buffer = ctypes.create_string_buffer(code, len(code))


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


program = Program(len(instructions), ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
    sys.exit("cannot give up privileges")
if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
    sys.exit("cannot filter system calls")
os.execvp(sys.argv[1], sys.argv[1:])
