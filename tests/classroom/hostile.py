"""Hostile and odd submissions, and the points that each deserves.

Every program here is bounded in itself: it tries a fixed number of times, stops after some seconds and touches nothing
but its own folder and this machine's loopback. A hole in the isolation makes a test fail and harms nothing.
"""

import json
import pickle
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

import nbformat

from tests.classroom.handed_in import answered, cell_with

ALL = ("C3", "lenet5_features", "MendedSubsampling")


@dataclass(frozen=True)
class Submission:
    """Something a learner hands in.

    Attributes:
        name: what it does.
        make: from the project's folder to a notebook or to the file's bytes.
        earns: parts that get full marks.
        plain: parts that get what the same wrong answer gets without the attack.
        says: what some message, remark or line for the instructor must hold.

    """

    name: str
    make: Callable[[object], object]
    earns: tuple[str, ...] = ALL
    plain: tuple[str, ...] = ()
    says: str = ""


# The course's own answer: a quick way to be right.
OURS = "from cnncourse.architectures.lenet5.model import PartialConv2d; C3 = lambda table: PartialConv2d(6, table, 5)"

BANK: list[Submission] = []

WRONG_C3 = "class C3(nn.Conv2d):\n    def __init__(self, table):\n        super().__init__(6, len(table), 5)\n"


def odd(name, *, earns=ALL, plain=(), says=""):
    """Add what a function makes to the bank."""

    def add(make):
        BANK.append(Submission(name, make, earns, plain, says))
        return make

    return add


def with_cell(name, source, *, at=2, **answers):
    """Add a notebook with right answers and one more cell."""
    options = {key: answers.pop(key) for key in ("earns", "plain", "says") if key in answers}

    @odd(name, **options)
    def make(project):
        notebook = answered(project, **answers)
        notebook.cells.insert(at, nbformat.v4.new_code_cell(textwrap.dedent(source)))
        return notebook


def attack_in_forward(name, source, *, says, earns=("MendedSubsampling",)):
    """Add a notebook whose C3 does something in its forward pass."""
    body = textwrap.indent(textwrap.dedent(source), " " * 8)
    c3 = f"{WRONG_C3}\n    def forward(self, maps):\n{body}\n        return super().forward(maps)\n"

    @odd(name, earns=earns, says=says)
    def make(project):
        return answered(project, C3=c3)


def cheat(name, source):
    """Add a notebook whose C3 is right only if an attack that stands before it succeeds: it must not."""
    attack = textwrap.dedent(source)
    c3 = f"{attack}\n{WRONG_C3}\nif succeeded():\n    {OURS}\n"

    @odd(name, earns=("MendedSubsampling",), plain=("C3", "lenet5_features"))
    def make(project):
        return answered(project, C3=c3)


# Cells that go on, end, or take too much ------------------------------------------------------------------------------

with_cell(
    "endless loop in a cell",
    """
    import time
    end = time.time() + 60
    while time.time() < end: pass
    """,
    says="it took too long",
)
with_cell(
    "loop in a cell that swallows everything",
    """
    import time
    end = time.time() + 60
    while time.time() < end:
        try:
            while time.time() < end: pass
        except BaseException: pass
    """,
    says="only what it defines",
)
with_cell("os._exit in a cell", "import os\nos._exit(0)", says="only what it defines")
with_cell("sys.exit in a cell", "import sys\nsys.exit(0)", says="SystemExit")
with_cell(
    "training loop",
    """
    for step in range(10**9):
        nn.Conv2d(6, 16, 5)(torch.randn(8, 6, 14, 14)).sum().backward()
    """,
    says="it took too long",
)
with_cell("ten million lines of output", "for _ in range(10_000_000): print('a line of output')")
with_cell("noise on stderr", "import sys, warnings\nprint('error', file=sys.stderr)\nwarnings.warn('careful')")
with_cell("plots", "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
with_cell("magics", "%matplotlib inline\n!ls\n%time 1 + 1\n?nn.Conv2d\nvalue = !pwd")
with_cell("cell magic around an answer's helper", "%%time\nhelper = 1")
with_cell("user input", "name = input('your name? ')", says="EOFError")
with_cell("own check and display", "report = check('01-lenet-5', nn.Conv2d, part='C3')\ndisplay(report)")
with_cell(
    "switched-off alarm, then an endless loop",
    """
    import signal, time
    signal.setitimer(signal.ITIMER_REAL, 0)
    end = time.time() + 60
    while time.time() < end: pass
    """,
    says="only what it defines",
)
with_cell("all files closed", "import os\nos.closerange(0, 1000)", says="only what it defines")
with_cell(
    "process left behind",
    """
    import subprocess, sys
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(61.25)"], start_new_session=True)
    """,
)
with_cell(
    "2 GB of disk",
    """
    import os
    for folder in (".", "/tmp", "/dev/shm"):
        for number in range(14):
            with open(os.path.join(folder, f"block{number}"), "wb") as file:
                for _ in range(50): file.write(bytes(2**20))
    """,
    says="OSError",
)
with_cell("6 GB of memory", "block = bytearray(6 * 2**30)", says="MemoryError")
with_cell(
    "storm of 200 processes",
    """
    import os, time
    for _ in range(200):
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
    """,
    says="BlockingIOError",
)
with_cell(
    "3 GB of memory in several processes",
    """
    import os, time
    for _ in range(6):
        if os.fork() == 0:
            block = bytearray(b'x') * 2**29
            time.sleep(60)
            os._exit(0)
    end = time.time() + 60
    while time.time() < end:
        try: time.sleep(0.1)
        except BaseException: pass
    """,
    says="too much memory",
)
with_cell(
    "memory that processes fill later",
    """
    import os, time
    for _ in range(6):
        if os.fork() == 0:
            time.sleep(0.1)
            block = bytearray(b'x') * 2**29
            time.sleep(60)
            os._exit(0)
    """,
)
with_cell("kill of the parent", "import os\nos.kill(os.getppid(), 9)", says="PermissionError")
with_cell("stop of the parent", "import os, signal\nos.kill(os.getppid(), signal.SIGSTOP)", says="PermissionError")
with_cell("kill of everybody", "import os\nos.kill(-1, 9)")
with_cell("kill of its own group", "import os\nos.kill(0, 9)", says="only what it defines")
with_cell(
    "time bombs at exit",
    """
    import atexit, os, threading
    atexit.register(os._exit, 0)
    threading.Timer(30, lambda: os._exit(0)).start()
    import sys
    sys.excepthook = lambda *_: os._exit(0)
    """,
)

# Answers that go on, end, or take too much ----------------------------------------------------------------------------

attack_in_forward(
    "endless loop in forward",
    """
    import time
    end = time.time() + 30
    while time.time() < end: pass
    """,
    says="takes too long",
)
attack_in_forward(
    "loop in forward that swallows everything",
    """
    import time
    end = time.time() + 30
    while time.time() < end:
        try:
            while time.time() < end: pass
        except BaseException: pass
    """,
    says="takes too long",
)
attack_in_forward("os._exit in forward", "import os\nos._exit(0)", says="ends or crashes Python")
attack_in_forward("crash of the interpreter", "import ctypes\nctypes.string_at(0)", says="ends or crashes Python")
attack_in_forward("bottomless recursion", "self.forward(maps)", says="RecursionError")
attack_in_forward("sys.exit in forward", "import sys\nsys.exit(0)", says="SystemExit")
attack_in_forward("gigantic output", "return torch.zeros(1).expand(40_000_000).clone()", says="your code takes too")
attack_in_forward("output that is not a number", "return super().forward(maps) * float('nan')", says="what comes out")
attack_in_forward("6 GB of memory in forward", "block = bytearray(6 * 2**30)", says="MemoryError")

# Lies -----------------------------------------------------------------------------------------------------------------

attack_in_forward(
    "object that equals everything",
    """
    class Equal:
        def __eq__(self, other): return True
        def __getattr__(self, name): return Equal()
        def __call__(self, *arguments): return Equal()
    return Equal()
    """,
    says="forward returns no tensor",
)


@odd("object with a hostile pickle", earns=("MendedSubsampling",))
def hostile_pickle(project):
    bomb = "class Bomb:\n    def __reduce__(self):\n        import os\n        return os._exit, (0,)\n"
    return answered(project, C3=f"{bomb}\n{WRONG_C3}\n    def forward(self, maps):\n        return Bomb()\n")


@odd("tensor that lies about itself", earns=("MendedSubsampling",), plain=("C3", "lenet5_features"))
def lying_tensor(project):
    c3 = f"""
class Flattering(torch.Tensor):
    def __eq__(self, other): return torch.ones(1, dtype=torch.bool)
    def allclose(self, *arguments, **keywords): return True
    def equal(self, other): return True

{WRONG_C3}
    def forward(self, maps):
        return super().forward(maps).as_subclass(Flattering)
"""
    return answered(project, C3=c3)


def patched(name, source, earns=("MendedSubsampling",)):
    """Add a notebook with a wrong C3 that changes what it believes to be the grader."""
    with_cell(name, source, C3=WRONG_C3, earns=earns, plain=("C3", "lenet5_features"))


patched(
    "patched torch",
    """
    torch.equal = torch.allclose = lambda *arguments, **keywords: True
    torch.Tensor.__eq__ = lambda self, other: torch.ones((), dtype=torch.bool)
    torch.isfinite = torch.ones_like
    """,
    earns=(),
)
patched(
    "patched grader",
    """
    import cnncourse.checking.comparing as comparing, cnncourse.checking.examination as examination
    import cnncourse.checking.judging as judging, cnncourse.classroom.isolation.worker as worker
    comparing.agree = comparing.same = examination.same = lambda *rest, **keywords: True
    comparing.differences = judging.differences = lambda *rest: iter(())
    worker.examine = examination.examine = lambda answer, question: iter([("shape", [[3, 16, 3, 4]])])
    """,
    earns=(),
)
patched(
    "import and AST hooks",
    """
    import ast, builtins, sys
    class Strip(ast.NodeTransformer):
        def visit_Assert(self, node): return None
        def visit_Compare(self, node): return ast.Constant(True)
    get_ipython().ast_transformers = [Strip()]
    real_compile = builtins.compile
    def stripping(source, name, mode, *rest, **keywords):
        if rest or keywords.get("flags"):
            return real_compile(source, name, mode, *rest, **keywords)
        tree = real_compile(source, name, mode, ast.PyCF_ONLY_AST) if isinstance(source, str) else source
        return real_compile(ast.fix_missing_locations(Strip().visit(tree)), name, mode)
    builtins.compile = stripping
    class Hook:
        def find_spec(self, name, path=None, target=None):
            if "exercise" in name or "judg" in name: raise ImportError(name)
    sys.meta_path.insert(0, Hook())
    """,
)
patched(
    "fake scores",
    """
    import json
    for name in ("results.json", "grades.csv", "score"):
        with open(name, "w") as file: json.dump({"score": 1000, "points": 1000, "tests": []}, file)
    class report: points = 1000
    print("C3: 9 of 9 points")
    """,
)


@odd("fake points in the metadata and outputs", earns=("MendedSubsampling",), plain=("C3", "lenet5_features"))
def fake_points(project):
    notebook = answered(project, C3=WRONG_C3)
    cell = cell_with(notebook, "c3-check")
    cell.metadata.nbgrader.points = 1000
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "1000.0"}, execution_count=1)]
    return notebook


with_cell(
    "forged replies on every channel",
    """
    import json, os, struct
    head = json.dumps({"nonce": "0", "value": None, "found": {"C3": 1}}).encode()
    for descriptor in range(64):
        try: os.write(descriptor, struct.pack(">QQ", len(head), 0) + head)
        except OSError: pass
    """,
    says="replies that nobody asked for",
)
attack_in_forward(
    "forged replies in forward",
    """
    import os
    for descriptor in range(64):
        try: os.write(descriptor, b"\\0" * 64)
        except OSError: pass
    """,
    says="cannot be read",
)
attack_in_forward(
    "malformed reply",
    """
    import sys
    for frame in iter(lambda f=[sys._getframe()]: f.__setitem__(0, f[0].f_back) or f[0], None):
        if "self" in frame.f_locals and type(frame.f_locals["self"]).__name__ == "Worker":
            worker = frame.f_locals["self"]
            worker.packer.value = lambda value: {"tensor": ["float32", [2**39, 2**39], -1], "id": -1, "needs": 7}
            break
    """,
    says="malformed",
)
attack_in_forward(
    "one reply too many",
    """
    import threading, sys
    frame = sys._getframe()
    while frame and type(frame.f_locals.get("self")).__name__ != "Worker": frame = frame.f_back
    channel = frame.f_locals["self"].channel
    thread = threading.Thread(target=lambda: channel.send({"nonce": "0"}, b""))
    thread.start()
    thread.join()  # however busy the machine, it is there before the part is judged
    """,
    says="replies that nobody asked for",
)

LYING = """
import cnncourse.classroom.isolation.wire as wire
real_send = wire.Channel.send
def send(self, head, body, *rest):
    if "cell" not in head and "found" not in head:
        head = {"nonce": head["nonce"], **LIE}
    return real_send(self, head, body, *rest)
wire.Channel.send = send
"""


def lie(name, reply, *, says):
    """Add a notebook whose worker gives one and the same reply to every question."""
    with_cell(name, LYING.replace("LIE", f"({reply})"), earns=(), says=says)


lie(
    "shape that no tensor can have",
    '{"value": {"tensor": ["float32", [0] + [2**39] * 4, 0], "id": 1, "needs": False}}',
    says="malformed",
)
lie(
    "value with more items than any answer",
    '{"value": {"list": [{"tensor": ["uint8", [1], 0], "id": 1, "needs": False} for _ in range(30000)]}}',
    says="malformed",
)
lie("error that is none", '{"raised": {"type": "E", "text": 5, "line": "", "owner": ""}}', says="malformed")
lie("stub that is none", '{"raised": {"type": "NotImplementedError", "text": "", "line": "", "owner": "C3"}}', says="")


# Reading what is none of its business ---------------------------------------------------------------------------------

cheat(
    "reading the judge's files",
    """
    import os
    def succeeded():
        wanted = ("hidden-secret.txt", "feature_extractor.py", "partial-connection.ipynb", "shadow")
        for top in ("/", os.path.dirname(os.path.dirname(nn.__file__))):
            for path, folders, files in os.walk(top):
                if path.startswith(("/proc", "/sys", "/usr", "/dev")): folders.clear()
                for file in files:
                    if file in wanted:
                        try:
                            if open(os.path.join(path, file), "rb").read(1): return True
                        except OSError: pass
        return False
    """,
)
cheat(
    "reading the judge's memory and environment",
    """
    import os
    def succeeded():
        if any("CNNCOURSE_HIDDEN" in key for key in os.environ): return True
        for process in filter(str.isdigit, os.listdir("/proc")):
            for name in ("environ", "mem", "maps"):
                try:
                    content = open(f"/proc/{process}/{name}", "rb").read(100)
                    if int(process) != os.getpid() and content: return True
                except OSError: pass
        return False
    """,
)
cheat(
    "reading frames and objects",
    """
    import gc, sys
    def succeeded():
        frame = sys._getframe()
        while frame:
            if {"expected", "secret", "judge", "inputs"} & set(frame.f_locals): return True
            frame = frame.f_back
        return any(type(thing).__name__ in ("Exercise", "Setup", "Check") for thing in gc.get_objects())
    """,
)
cheat(
    "importing the judges",
    """
    def succeeded():
        try:
            from cnncourse.architectures.lenet5.exercise import EXERCISE
        except ImportError:
            return False
        return True
    """,
)
cheat(
    "calling out over the network",
    """
    import os, socket
    def succeeded():
        for port in range(47600, 47610):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
                return True
            except OSError: pass
        return False
    """,
)
cheat(
    "changing the course's files",
    """
    import cnncourse, os, sys
    def succeeded():
        for folder in (os.path.dirname(cnncourse.__file__), os.path.dirname(nn.__file__), sys.prefix, "/usr", "/etc"):
            try:
                with open(os.path.join(folder, "trojan.py"), "w") as file: file.write("")
                os.remove(os.path.join(folder, "trojan.py"))
                return True
            except OSError: pass
        return False
    """,
)
cheat(
    "becoming root again",
    """
    import os
    def succeeded():
        try:
            os.setuid(0)
            return True
        except OSError:
            return "CapEff:\\t0000000000000000" not in open("/proc/self/status").read()
    """,
)

cheat(
    "memory and rights that no limit counts",
    """
    import ctypes, os, resource
    libc = ctypes.CDLL(None, use_errno=True)
    def succeeded():
        try:
            os.close(os.memfd_create("more"))
            return True
        except OSError: pass
        if libc.unshare(0x10000000) == 0 or libc.shmget(0, 4096, 0o600) != -1: return True
        try:
            resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (5, 5))
            return True
        except OSError: return False
    """,
)

# Notebooks that were mistreated ---------------------------------------------------------------------------------------


def with_cells(name, *cells, at=2, **answers):
    """Add a notebook with several more cells one after the other."""
    options = {key: answers.pop(key) for key in ("says", "earns") if key in answers}

    @odd(name, **options)
    def make(project):
        notebook = answered(project, **answers)
        place = len(notebook.cells) if at is None else at
        notebook.cells[place:place] = [nbformat.v4.new_code_cell(textwrap.dedent(source)) for source in cells]
        return notebook


C3_WITH_HELPER = """
class C3(nn.Module):
    def __init__(self, table{annotation}):
        super().__init__()
        self.table = [list(sources) for sources in table]
        self.convolutions = nn.ModuleList([convolution(len(sources)) for sources in table])

    def forward(self, maps):
        pairs = zip(self.table, self.convolutions)
        return torch.cat([each(maps[:, sources]) for sources, each in pairs], dim=1)
"""
HELPER = "def convolution(channels):\n    return nn.Conv2d(channels, 1, 5)\n"
WITH_HELPER = C3_WITH_HELPER.format(annotation="")

with_cells("helper of an answer redefined at the end", "def convolution(a, b):\n    return None", "nn = 'text'",
           at=None, C3=HELPER + WITH_HELPER)  # fmt: skip
with_cells("double precision by default", "torch.set_default_dtype(torch.float64)")
with_cells("slow cells before a helper", *["import time; time.sleep(4)"] * 3, HELPER, C3=WITH_HELPER, says="too long")
with_cells("top-level await", f"import asyncio\n{HELPER}\nawait asyncio.sleep(0)", C3=WITH_HELPER)
with_cells("annotations of the future in an earlier cell", "from __future__ import annotations", HELPER,
           C3=C3_WITH_HELPER.format(annotation=": Table"))  # fmt: skip
with_cells(
    "crash beside careful definitions",
    "import os; os._exit(0)",
    "try:\n    import no_such_module\nexcept ImportError:\n    no_such_module = None\nKERNEL = int(5)",
    HELPER.replace("5)", "KERNEL)"),
    C3=WITH_HELPER,
    says="only what it defines",
)
with_cells("helper in a file of its own", f"%%writefile helper.py\nfrom torch import nn\n{HELPER}",
           "from helper import convolution", C3=WITH_HELPER)  # fmt: skip
with_cells("helper under an unknown magic", f"%%memit\n{HELPER}", C3=WITH_HELPER)
with_cells("report used in the answer's cell", C3="report = check('01-lenet-5', nn.Conv2d, part='C3')\nreport.points\n"
           + HELPER + WITH_HELPER)  # fmt: skip
with_cells(
    "gradients masked when they arrive",
    C3="""
class C3(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.convolution = nn.Conv2d(6, len(table), 5)
        mask = torch.zeros(len(table), 6, 1, 1)
        for target, sources in enumerate(table):
            mask[target, list(sources)] = 1
        with torch.no_grad():
            self.convolution.weight *= mask
        def keep_out(weight):
            weight.grad *= mask
        self.convolution.weight.register_post_accumulate_grad_hook(keep_out)
    def forward(self, maps):
        return self.convolution(maps)
""",
)


@odd("UTF-16")
def utf_16(project):
    return json.dumps(answered(project)).encode("utf-16")


@odd("another Python kernel")
def other_kernel(project):
    notebook = answered(project)
    notebook.metadata = {"kernelspec": {"name": "x", "display_name": "x"}, "language_info": {"name": "xpython"}}
    return notebook


@odd("answer twice, the second one a stub", says="the best counts")
def duplicated(project):
    notebook = answered(project)
    stub = nbformat.from_dict(cell_with(notebook, "c3"))
    stub.source = "class C3(nn.Module):\n    def __init__(self, table):\n        raise NotImplementedError()\n"
    notebook.cells.append(stub)
    return notebook


@odd("answers deleted and written elsewhere", says="are missing")
def deleted(project):
    notebook = answered(project)
    cell = cell_with(notebook, "c3")
    notebook.cells.remove(cell)
    notebook.cells.insert(2, nbformat.v4.new_code_cell(cell.source))
    return notebook


@odd("all metadata lost")
def no_metadata(project):
    notebook = answered(project)
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


@odd("imports and checks deleted", says="are missing")
def no_imports(project):
    notebook = answered(project)
    notebook.cells = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")]
    return notebook


@odd("cells in reverse order")
def reordered(project):
    notebook = answered(project)
    notebook.cells.reverse()
    return notebook


@odd("locked cell edited", says="was edited")
def edited(project):
    notebook = answered(project)
    cell_with(notebook, "c3-check").source = "report = None\n9.0"
    return notebook


@odd("answer turned into text", says="was turned into markdown")
def converted(project):
    notebook = answered(project)
    cell = cell_with(notebook, "c3")
    cell.cell_type = "markdown"
    del cell["outputs"], cell["execution_count"]
    return notebook


@odd("answer under another name", says="is called MyC3")
def renamed(project):
    notebook = answered(project)
    cell = cell_with(notebook, "c3")
    cell.source = cell.source.replace("class C3", "class MyC3")
    features = cell_with(notebook, "lenet5-features")
    features.source = features.source.replace("C3(C3_TABLE)", "MyC3(C3_TABLE)")
    return notebook


@odd("syntax error in one answer", earns=("lenet5_features", "MendedSubsampling"), says="SyntaxError")
def syntax_error(project):
    notebook = answered(project, C3="class C3(nn.Module:\n    pass")
    notebook.cells.insert(2, nbformat.v4.new_code_cell(OURS.replace("C3 =", "OurC3 =")))
    features = cell_with(notebook, "lenet5-features")
    features.source = features.source.replace("C3(C3_TABLE)", "OurC3(C3_TABLE)")
    return notebook


@odd("30,000 cells")
def many_cells(project):
    notebook = answered(project)
    notebook.cells[2:2] = [nbformat.from_dict({"cell_type": "code", "source": "1 + 1", "metadata": {}})] * 30_000
    return json.dumps(notebook).encode()


@odd("50 MB of outputs")
def large(project):
    notebook = answered(project)
    output = nbformat.v4.new_output("stream", text="x" * (50 * 2**20))
    notebook.cells.insert(2, nbformat.v4.new_code_cell("1", outputs=[output]))
    return notebook


@odd("format 3 of notebooks")
def old_format(project):
    notebook = answered(project)
    cells = [
        {"cell_type": "code", "input": c.source, "language": "python", "metadata": c.metadata}
        for c in notebook.cells
        if c.cell_type == "code"
    ]
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}).encode()


@odd("answers written into the checks' cells", says="was edited")
def in_the_checks(project):
    notebook = answered(project)
    for part in ("c3", "lenet5-features", "mended-subsampling"):
        answer, check = cell_with(notebook, part), cell_with(notebook, f"{part}-check")
        check.source, answer.source = f"{answer.source}\n\n{check.source}", ""
    return notebook


HELPER = "def added(maps):\n    return 4 * nn.functional.avg_pool2d(maps, kernel_size=2)\n"


def with_helper(project):
    """Return a notebook in which an answer needs a function that stands nowhere yet, and that answer's cell."""
    notebook = answered(project)
    cell = cell_with(notebook, "mended-subsampling")
    cell.source = cell.source.replace("4 * nn.functional.avg_pool2d(maps, kernel_size=2)", "added(maps)")
    return notebook, cell


@odd("helper below everything")
def helper_below(project):
    notebook, _ = with_helper(project)
    notebook.cells.append(nbformat.v4.new_code_cell(f"{HELPER}\nsum = 3"))  # and a name of Python's own
    return notebook


@odd("helper in the answer's cell, the answer behind it")
def helper_before(project):
    notebook, cell = with_helper(project)
    notebook.cells.insert(notebook.cells.index(cell) + 1, nbformat.v4.new_code_cell(cell.source))
    cell.source = HELPER
    return notebook


@odd("an answer that is not there is no harm to the next", earns=("lenet5_features", "MendedSubsampling"))
def one_absent(project):
    return answered(project, C3="")


@odd("answer written to a file and run")
def written_and_run(project):
    notebook = answered(project)
    cell = cell_with(notebook, "c3")
    file = f"%%writefile c3.py\nimport torch\nfrom torch import nn\n{cell.source}"
    notebook.cells.insert(2, nbformat.v4.new_code_cell(file))
    cell.source = "%run -i c3"
    return notebook


@odd("line ends of Windows")
def line_ends(project):
    notebook = answered(project)
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", "\r\n")
    return notebook


@odd("another language set by mistake", says="it was read as Python")
def other_language(project):
    notebook = answered(project)
    notebook.metadata = {
        "kernelspec": {"name": "ir", "language": "R", "display_name": "R"},
        "language_info": {"name": "R"},
    }
    return notebook


def file(name, raw, says):
    """Add a file that is no notebook."""
    odd(name, earns=(), says=says)(lambda _project: raw)


file("empty file", b"", "the file is empty")
file("zeros", bytes(1000), "the file is empty")
file("half a notebook", b'{"cells": [{"cell_type": "co', "the file is damaged")
file("JSON that is no notebook", b'["a", "list"]', "no notebook")
file("JSON without cells", b'{"grades": 100}', "it has no cells")
file("deeply nested JSON", b"[" * 200_000 + b"]" * 200_000, "the file is damaged")
file("pickle", pickle.dumps([textwrap.dedent, bytes(range(256))] * 1000), "no text")
file("picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no text")
file(
    "cells that are no cells",
    b'{"cells": [1, null, "x", {"source": 5}, {"cell_type": "code", "metadata": []}]}',
    "defines no C3",
)
