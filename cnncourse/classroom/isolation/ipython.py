"""IPython's own syntax without IPython: ``%timeit f()``, ``files = !ls``, ``%%capture out``.

A cell is rewritten by IPython's transformer, as a kernel does; what it then calls has harmless stand-ins here. Python
code behind a magic is run, everything else does nothing and gives something of the usual kind.
"""

import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

# Options before the statement of a line magic; a colon says that the one before it has a value.
OPTIONS = {
    "time": "",
    "timeit": "n:r:p:tcqov:",
    "prun": "D:l:s:T:rq",
    "memit": "r:t:i:co",
    "mprun": "f:T:rc",
    "lprun": "f:m:D:T:s:u:rz",
}
# What stands under these is for another program, or another Python.
OTHER_PROGRAMS = (
    *("bash", "sh", "script", "cmd", "perl", "ruby", "sx", "system", "!", "python", "python2", "python3", "pypy"),
    *("html", "HTML", "svg", "SVG", "latex", "markdown", "javascript", "js"),
)


# Calls without brackets and quotation marks, and what is pasted from a terminal.
OTHER_SYNTAX = re.compile(r"^[ \t]*[/,;]\w|^(?:>>> ?|In \[\d+\]:)", re.MULTILINE)


def rewritten(source: str) -> str:
    """Return a cell in Python: IPython's own syntax becomes calls of ``get_ipython()``."""
    if not any(sign in source for sign in "%!?") and not OTHER_SYNTAX.search(source):
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


def has_own_syntax(source: str) -> bool:
    """Whether a cell is not Python as it stands."""
    try:
        return rewritten(source).strip() != source.strip()
    except SyntaxError:
        return True


def without_magics(source: str) -> str:
    """Return what of a cell is Python to be looked at: magics and commands are gone, what they give is ``None``."""
    source = re.sub(r"^\s*%%.*$", "", source.lstrip(), count=1)
    if re.match(r">>>|In \[", source):
        source = re.sub(r"^(?:>>> ?|\.\.\. ?|In \[\d+\]: ?| *\.{3,}: ?)", "", source, flags=re.MULTILINE)
    source = re.sub(r"^(\s*[\w.]+(?:\s*,\s*[\w.]+)*\s*=\s*)[%!].*$", r"\1None", source, flags=re.MULTILINE)
    return re.sub(r"^\s*(?:[%!?].*|[/,;]\w.*|[\w.]+\?{1,2}\s*)$", "", source, flags=re.MULTILINE)


class Lines(list):
    """Lines of a command's output: IPython gives them with shorter names for the same as text."""

    @property
    def l(self) -> "Lines":  # noqa: E743 -- IPython's name
        """The lines."""
        return self

    list = l

    @property
    def n(self) -> str:
        """The lines with line ends between them."""
        return "\n".join(self)

    nlstr = n

    @property
    def s(self) -> str:
        """The lines with spaces between them."""
        return " ".join(self)

    spstr = s

    def grep(self, *_pattern: object, **_options: object) -> "Lines":
        """Return the lines: there is none to be left out."""
        return self

    fields = sort = grep


class Captured:
    """What a cell under ``%%capture`` has printed."""

    def __init__(self, stdout: str, stderr: str) -> None:
        self.stdout, self.stderr = stdout, stderr
        self.outputs: list[object] = []

    def __str__(self) -> str:
        return self.stdout

    def show(self) -> None:
        """Print it again."""
        sys.stdout.write(self.stdout)
        sys.stderr.write(self.stderr)

    __call__ = show


class Timed:
    """What ``%timeit -o`` gives; the time is that of one run of nothing."""

    loops = repeat = 1
    average = best = worst = compile_time = 1e-9
    stdev = 0.0
    timings, all_runs = (1e-9,), (1e-9,)


class Shell:
    """What cells get for IPython's shell.

    Args:
        execute: runs Python code.
        namespace: the notebook's names.

    """

    def __init__(self, execute: Callable[[str], None], namespace: dict[str, object]) -> None:
        self.execute, self.user_ns = execute, namespace

    def run_cell_magic(self, magic: str, line: str, cell: str) -> object:
        """Run the code of a cell under a magic."""
        if magic in ("writefile", "file"):
            words = line.split()
            with Path(words[-1]).open("a" if "-a" in words[:-1] else "w", encoding="utf-8") as file:
                file.write(cell)
        elif magic == "capture":
            self._capture(line, cell)
        elif magic in OTHER_PROGRAMS:
            pass
        else:
            if magic in OPTIONS:  # %%timeit's line is what is done before
                self.execute(options_and_statement(magic, line)[1])
            self.execute(cell)
        return None

    def _capture(self, line: str, cell: str) -> None:
        names = [word for word in line.split() if not word.startswith("-")]
        stdout, stderr = StringIO(), StringIO()
        with redirect_stdout(stdout), redirect_stderr(stderr):
            self.execute(cell)
        if names:
            self.user_ns[names[0]] = Captured(stdout.getvalue(), stderr.getvalue())

    def run_line_magic(self, magic: str, line: str, *_rest: object) -> object:
        """Run the code behind a line magic; return something of the kind that IPython's gives."""
        if magic in OPTIONS:
            letters, timed = options_and_statement(magic, line)
            value = self._value(timed)
            return value if magic == "time" else Timed() if magic == "timeit" and "o" in letters else None
        if magic in ("env", "set_env"):
            name, _, value = line.partition("=" if "=" in line else " ")
            if value.strip():
                os.environ[name.strip()] = value.strip()
                return None
            return os.environ.get(name.strip(), "") if name.strip() else dict(os.environ)
        if magic == "run":
            return self._run(line)
        empty: Mapping[str, Callable[[], object]] = {
            "pwd": os.getcwd,
            **dict.fromkeys(("sx", "system", "ls", "ll"), Lines),
            **dict.fromkeys(("who_ls", "history", "hist"), list),
        }
        return empty[magic]() if magic in empty else None

    def _run(self, line: str) -> None:
        """Run a file that a cell has written; any other is not here."""
        words = [word.strip("'\"") for word in line.split() if not word.startswith("-")]
        for path in [Path(words[0]), Path(f"{words[0]}.py")] if words else []:
            if path.is_file():
                self.execute(path.read_text(encoding="utf-8"))
                return

    def _value(self, source: str) -> object:
        """Run code once; return its value if it is an expression."""
        try:
            code = compile(source.strip(), "<magic>", "eval", dont_inherit=True)
        except SyntaxError:
            return self.execute(source)
        return eval(code, self.user_ns)

    def magic(self, line: str) -> object:
        """Run a line magic, written as one text."""
        name, _, rest = line.lstrip("%").partition(" ")
        return self.run_line_magic(name, rest)

    def run_cell(self, cell: str, **_options: object) -> None:
        """Run a cell."""
        self.execute(cell)

    def getoutput(self, *_arguments: object, **_options: object) -> Lines:
        """Return what a command prints: nothing, for none is run."""
        return Lines()

    def __getattr__(self, _name: str) -> Callable:
        return nothing


def options_and_statement(magic: str, line: str) -> tuple[str, str]:
    """Return the letters of a line magic's options, and the statement behind them."""
    letters, rest = "", line.lstrip()
    while found := re.match(r"-([A-Za-z])|--[\w-]+", rest):
        rest = rest[found.end() :]
        letter = found[1] or ""
        letters += letter
        if letter and f"{letter}:" in OPTIONS[magic]:
            rest = re.sub(r"^\s*\S+", "", rest, count=1)
        elif letter and rest[:1].isalpha():
            rest = "-" + rest  # several letters behind one sign
        rest = rest.lstrip()
    return letters, rest


def nothing(*_arguments: object, **_keywords: object) -> None:
    """Stand in for what has no meaning outside a notebook."""
