"""Right answers behind IPython's own syntax are run as IPython would run them; its programs are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncourse.classroom.isolation.ipython import Shell, has_own_syntax, options_and_statement, rewritten
from cnncourse.classroom.isolation.notebook import defined_names, is_definition

ANSWER = "def answer():\n    return 42\n"


def run(source):
    """Run a cell and return its names."""
    names = {}

    def execute(text):
        exec(compile(rewritten(text), "<cell>", "exec"), names)

    shell = Shell(execute, names)
    names["get_ipython"] = lambda: shell
    execute(source)
    return names


@pytest.mark.parametrize(
    "before",
    [
        "%timeit -n 1 -r 1 sum(range(9))\n",
        "%timeit -n1 -r1 sum(range(9))\n",
        "%timeit -qn 1 sum(range(9))\n",
        "t = %timeit -o -n 1 sum(range(9))\nprint(t.average, t.best, t.all_runs)\n",
        "t = %timeit -n 1 -qo sum(range(9))\nt.average\n",
        "x = %time --no-raise-error sum(range(9))\nassert x == 36\n",
        "%time x = sum(range(9))\nx + 1\n",
        "x = %time sum(range(9))\nassert x == 36\n",
        "%prun -l 5 sum(range(9))\n",
        "%prun -s cumulative -q sum(range(9))\n",
        "%memit -r 1 sum(range(9))\n",
        "%lprun -f sum sum(range(9))\n",
        "%matplotlib inline\n%config InlineBackend.figure_format = 'retina'\n%load_ext autoreload\n%autoreload 2\n",
        "files = !ls\nprint(files[0] if files else '')\nfiles.n, files.s, files.l, files.grep('x')\n",
        "!pip install torch\n",
        "!!ls\n",
        "p = %pwd\np.split('/')\n",
        "%cd ..\n%ls\n",
        "%env NUMBER=5\nn = %env NUMBER\nassert int(n) == 5\n",
        "names = %who_ls\nlen(names)\n",
        "/print 3\n",
        ",print a b\n;print a b\n",
        "answer?\n",
        "??print\n",
        "get_ipython().run_line_magic('matplotlib', 'inline')\n",
        "get_ipython().magic('timeit sum(range(3))')\n",
        "get_ipython().system('ls')\n",
    ],
)
def test_answer_after_a_magic_is_defined(before):
    names = run(before + ANSWER)
    assert names["answer"]() == 42
    assert has_own_syntax(before + ANSWER) == ("get_ipython" not in before)
    assert "answer" in defined_names(before + ANSWER)


@pytest.mark.parametrize(
    "head",
    [
        *("%%time\n", "%%timeit -n 1 -r 1\n", "%%timeit -n 1 zero = 0\n", "%%prun -l 5\n", "%%capture\n"),
        *("%%capture out --no-stderr\n", "\n%%time\n"),
    ],
)
def test_answer_under_a_cell_magic_is_defined(head):
    assert run(head + ANSWER)["answer"]() == 42
    assert defined_names(head + ANSWER) == ["answer"]


def test_what_was_captured_can_be_used():
    names = run("%%capture out\nprint('hello')\nx = 1\n")
    assert names["x"] == 1
    assert (names["out"].stdout, str(names["out"]), names["out"].stderr) == ("hello\n", "hello\n", "")
    names["out"].show()


@pytest.mark.parametrize("magic", ["bash", "html", "python3", "javascript", "script perl", "sx"])
def test_other_programs_are_not_run(magic):
    assert "answer" not in run(f"%%{magic}\n{ANSWER}")


def test_files_are_written_where_the_notebook_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("%%writefile helper.py\nx = 1\n")
    run("%%writefile -a helper.py\ny = 2\n")
    assert (tmp_path / "helper.py").read_text() == "x = 1\ny = 2\n"


@pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("-n 1 -r 1 f(-1)", "f(-1)"),
        ("-n1 f()", "f()"),
        ("-qo f(x)", "f(x)"),
        ("--no-raise-error f()", "f()"),
        ("- 1", "- 1"),
        ("f(a -n)", "f(a -n)"),
        ("", ""),
    ],
)
def test_options_are_not_the_statement(line, rest):
    assert options_and_statement("timeit", line)[1] == rest


def test_what_a_command_gives_is_no_reason_not_to_be_a_definition():
    assert is_definition("files = !ls\nx = 1")
    assert not is_definition("files = f()")


@pytest.mark.parametrize(("first", "next"), [(">>> ", "... "), ("In [3]: ", "   ...: ")])
def test_an_answer_pasted_from_a_terminal_is_defined(first, next):
    pasted = next.join((first + "def answer():\n|    return 42\n").split("|"))
    assert run(pasted)["answer"]() == 42
    assert defined_names(pasted) == ["answer"]


@pytest.mark.parametrize("source", ["x = (1\n     ,2)", "x = (6\n     /3)", "x = [\n  1\n  ,*[2]]"])
def test_lines_that_begin_with_a_sign_stay_as_they_are(source):
    assert run(source)["x"] == eval(source.removeprefix("x = "))


def test_a_file_that_was_written_is_run_and_no_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run("%%writefile answers.py\nanswer = 42\n\n")["get_ipython"]
    assert run("%run -i answers\n%run 'answers.py'\n%run nowhere.ipynb\n%run\n")["answer"] == 42


@pytest.mark.slow
@given(st.text(st.sampled_from("%!?=-nox 1(),;/>.\n'\"#"), max_size=40))
def test_nothing_that_is_typed_brings_the_reader_down(source):
    defined_names(source)
    has_own_syntax(source)
    for magic in ("timeit", "prun", "time"):
        options_and_statement(magic, source)
