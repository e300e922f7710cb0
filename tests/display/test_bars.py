"""Progress bars are seen while they run, and leave nothing."""

import nbformat
import pytest

from cnncourse.display import progress_bar
from cnncourse.notebooks import execute

RUN = """from cnncourse.display import progress_bar
print("before")
with progress_bar(total=3, unit="step") as bar:
    for _ in range(3):
        bar.update()
        bar.refresh()
    bar.set_postfix_str("<b>")
    print(bar._shown()["text/html"])
print("after")"""


def test_in_a_terminal_it_is_tqdms_own(capsys):
    with progress_bar(total=2, mininterval=0) as bar:
        bar.update(2)
    assert "2/2" in capsys.readouterr().err


@pytest.mark.slow
def test_in_a_notebook_it_is_seen_and_then_gone(tmp_path):
    path = tmp_path / "bar.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(RUN)]), path)
    execute(path)
    outputs = nbformat.read(path, as_version=4).cells[0].outputs
    assert [output.output_type for output in outputs] == ["stream", "stream"] or len(outputs) == 1
    text = "".join(output.text for output in outputs)
    assert '<progress max="3" value="3"' in text
    assert "3/3" in text
    assert "&lt;b&gt;" in text
    assert text.startswith("before") and text.endswith("after\n")
