"""Take from a process the system calls that no answer needs, so that it cannot reach round its limits (Linux).

A filter in the kernel's own small language looks at each call's number: it lets it pass, or lets it fail as if it were
not permitted. Processes that are started later inherit it.
"""

import ctypes
import errno
import platform
import struct
import sys

SET_NO_NEW_PRIVILEGES, SET_FILTER, FILTER_MODE = 38, 22, 2  # of prctl
# Numbers on x86-64 and on 64-bit ARM.
REFUSED = {
    # Namespaces and mounts: memory and privileges that no limit counts.
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    # Memory that belongs to no process, or that outlives the one that made it.
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    # Other processes, and their place in the queue.
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "setpriority": (141, 140),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    # Large parts of the kernel that nothing here has any use for.
    "io_uring_setup": (425, 425),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "open_by_handle_at": (304, 265),
}
ONLY_FOR_ITSELF = {"prlimit64": (302, 261), "sched_setaffinity": (203, 122)}  # their first argument is a process
CLONE, CLONE3 = (56, 220), (435, 435)
NEW_NAMESPACES = 0x7E020000  # clone's flags that make one
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where a call's description has them
ALLOW, FAIL = 0x7FFF0000, 0x00050000


def refuse_needless_calls() -> bool:
    """Refuse this process and its children what no answer needs; return whether this machine can."""
    column, architecture = MACHINES.get(platform.machine(), (None, None))
    if not sys.platform.startswith("linux") or column is None:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    program = _program(column, architecture)
    instructions = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HL", len(program) // 8, ctypes.addressof(instructions)))
    if libc.prctl(SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    return libc.prctl(SET_FILTER, FILTER_MODE, header, 0, 0) == 0


def _program(column: int, architecture: int) -> bytes:
    """Return the filter: each instruction is an operation, two distances to jump, and a constant."""
    not_permitted, not_there = FAIL | errno.EPERM, FAIL | errno.ENOSYS
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),  # calls in the manner of another architecture have other numbers
        (RETURN, 0, 0, not_permitted),
        (LOAD, 0, 0, NUMBER),
    ]
    for numbers in REFUSED.values():
        program += [(EQUAL, 0, 1, numbers[column]), (RETURN, 0, 0, not_permitted)]
    program += [
        (EQUAL, 0, 1, CLONE3[column]),
        (RETURN, 0, 0, not_there),
    ]  # clone can be looked into
    for numbers in ONLY_FOR_ITSELF.values():
        program += [
            (EQUAL, 0, 4, numbers[column]),
            (LOAD, 0, 0, FIRST_ARGUMENT),
            (EQUAL, 1, 0, 0),
            (RETURN, 0, 0, not_permitted),
            (RETURN, 0, 0, ALLOW),
        ]
    program += [
        (EQUAL, 0, 3, CLONE[column]),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (ANY_BIT, 0, 1, NEW_NAMESPACES),
        (RETURN, 0, 0, not_permitted),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)
