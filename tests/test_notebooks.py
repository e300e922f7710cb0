"""The committed notebooks are clean, complete and in step with each other."""

import json
import re
from copy import deepcopy
from importlib import import_module
from types import SimpleNamespace

import nbformat
import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager

from cnncourse import progress
from cnncourse.architectures import CATALOGUE
from cnncourse.classroom.grading.assignment import CAPSTONE
from cnncourse.display import WIDGET_VIEW
from cnncourse.learner.progress import record_file
from cnncourse.notebooks import CELL_METADATA, clean, execute, save_without_widgets

CHAPTERS = [record for record in CATALOGUE if record.has_chapter]

MARK = "nbval-ignore-output"


def notebooks(project, *folders):
    found = (path for folder in folders for path in (project / folder).rglob("*.ipynb"))
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_notebooks_are_executed_without_errors_warnings_or_the_makers_paths(project):
    for path in notebooks(project, "chapters", "solutions", "exercises"):
        counts = [cell.execution_count for cell in code_cells(read(path))]
        assert counts == list(range(1, len(counts) + 1)), f"{path.name}: not executed from top to bottom"
        for cell in code_cells(read(path)):
            for output in cell.outputs:
                assert output.output_type != "error", cell.source
                assert output.get("name") != "stderr", cell.source
                assert str(project) not in str(output), cell.source


def test_notebooks_hold_no_widget_state_and_no_versions(project):
    for path in notebooks(project, "chapters", "solutions", "exercises"):
        notebook = read(path)
        assert set(notebook.metadata) == {"kernelspec", "language_info"}
        assert notebook.metadata.language_info == {"name": "python"}
        assert WIDGET_VIEW not in str(notebook.cells)
        assert all(set(cell.metadata) <= CELL_METADATA for cell in notebook.cells), path.name


def test_cells_are_short_and_pictures_have_alternative_text(project):
    for path in notebooks(project, "chapters", "solutions", "exercises"):
        for cell in code_cells(read(path)):
            assert len(cell.source.splitlines()) <= 25, cell.source
            for output in cell.outputs:
                # JupyterLab shows no other SVG in a fresh clone, and gives no other picture its words.
                data = output.get("data", {})
                assert not {kind for kind in data if kind.startswith("image/")}, cell.source
                assert "<svg" not in data.get("text/html", ""), cell.source
                for picture in re.findall("<img[^>]*>", data.get("text/html", "")):
                    assert re.search(r' alt="[^"]+" src="data:image/(svg\+xml|png);base64,', picture), cell.source


@pytest.mark.slow
@pytest.mark.parametrize("record", CHAPTERS[:1], ids=lambda record: record.slug)
def test_a_page_made_of_a_chapter_shows_every_picture_with_its_words_and_needs_no_formula_fonts(project, record):
    from nbconvert import HTMLExporter

    path = project / f"chapters/{record.chapter}.ipynb"
    page, _ = HTMLExporter().from_filename(str(path))
    shown = re.findall(r'<img[^>]* alt="([^"]*)"[^>]* src="data:image', page)
    stored = [output for cell in code_cells(read(path)) for output in cell.outputs if "<img" in str(output)]
    assert len(shown) == len(stored) > 4
    assert all(shown)


def test_formulas_are_readable_without_mathjax(project):
    for path in notebooks(project, "chapters", "solutions", "exercises"):
        for cell in read(path).cells:
            if cell.cell_type == "markdown":
                assert not re.search(r"\$[^$]*[\\\\_^][^$]*\$", cell.source), f"{path.name}: {cell.source[:80]}"


def test_links_between_notebooks_lead_somewhere(project):
    for path in notebooks(project, "chapters", "solutions", "exercises"):
        for cell in read(path).cells:
            for target in re.findall(
                r"\]\((?!https?:|#)([^)\s]+)\)", cell.source if cell.cell_type == "markdown" else ""
            ):
                assert (path.parent / target).exists(), f"{path.name}: {target}"


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_chapter_has_the_courses_measure(project, record):
    notebook = read(project / f"chapters/{record.chapter}.ipynb")
    assert 30 <= len(notebook.cells) <= 60
    words = sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")
    assert 1500 <= words <= 3000


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_stored_progress_is_that_of_the_course_of_today(project, record):
    outputs = [
        output for cell in code_cells(read(project / f"chapters/{record.chapter}.ipynb")) for output in cell.outputs
    ]
    tables = [data["text/html"] for data in (output.get("data", {}) for output in outputs) if "progress" in str(data)]
    assert progress(record.chapter)._html() in tables, "make notebooks"


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_unstable_outputs_are_few(project, record):
    cells = code_cells(read(project / f"chapters/{record.chapter}.ipynb"))
    ignored = [cell for cell in cells if MARK in cell.metadata.get("tags", [])]
    assert len(ignored) <= len(cells) / 3


@pytest.mark.slow
@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
@pytest.mark.parametrize(("folder", "share"), [("solutions", 1), ("exercises", 0)])
def test_nbgrader_gives_the_master_full_marks_and_the_untouched_version_none(project, record, folder, share):
    from nbgrader.utils import determine_grade

    graded = []
    for path in notebooks(project, f"{folder}/{record.chapter}"):
        for cell in code_cells(read(path)):
            if cell.metadata.get("nbgrader", {}).get("grade"):
                graded.append(determine_grade(cell))
    parts = record.exercise().parts
    assert graded == [(share * part.public_points, part.public_points) for part in parts]


def more(*parts):
    """Points that come at grading only."""
    return sum(part.points - part.public_points for part in parts)


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_exercise_promises_the_points_and_minutes_that_its_definition_has(project, record):
    parts = record.exercise().parts
    # The capstone, which may stand beside it, has no points.
    (path,) = (path for path in notebooks(project, f"solutions/{record.chapter}") if path.name != CAPSTONE.name)
    text = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    assert f"{sum(part.public_points for part in parts)} points here, {more(*parts)} more at grading" in text[0]
    for number, part in enumerate(parts, start=1):
        (section,) = [source for source in text if source.startswith(f"## Part {number}: ")]
        heading = section.splitlines()[0]
        assert part.task in heading
        assert heading.endswith(f"({part.public_points} points, {more(part)} more at grading)")
        assert f"about {part.minutes} minutes" in section


@pytest.mark.slow
def test_running_a_notebook_that_fails_leaves_the_file_alone(tmp_path):
    path = tmp_path / "fails.ipynb"
    cells = [nbformat.v4.new_code_cell("1"), nbformat.v4.new_code_cell("1 / 0")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    before = path.read_bytes()
    with pytest.raises(Exception, match="ZeroDivisionError"):
        execute(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.slow
def test_running_a_notebook_leaves_the_makers_own_record_alone(tmp_path):
    path = tmp_path / "records.ipynb"
    source = "from cnncourse.learner.progress import *\nrecord_event(Predicted('01-lenet-5', 'shift-error', '1'))"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    execute(path)
    assert read(path).cells[0].outputs[0].data["text/plain"] == "''"
    assert not record_file().exists()


def test_cleaning_keeps_the_still_picture_and_drops_the_widget():
    contents = [
        {WIDGET_VIEW: {}, "text/html": "<img>", "text/plain": "words"},
        {WIDGET_VIEW: {}, "text/plain": "0%"},
        {"text/plain": ""},  # a progress bar that is done
        {"text/plain": "kept"},
    ]
    outputs = [nbformat.v4.new_output("display_data", data) for data in contents]
    outputs.append(nbformat.v4.new_output("stream", text="printed"))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import cnncourse", outputs=outputs)])
    saved = {"type": "notebook", "content": deepcopy(dict(notebook))}
    clean(notebook)
    save_without_widgets(saved, path="", contents_manager=None)
    for cells in (notebook.cells, saved["content"]["cells"]):
        kept = [dict(output.get("data", {"stream": output.get("text")})) for output in cells[0].outputs]
        assert kept == [{"text/html": "<img>", "text/plain": "words"}, {"text/plain": "kept"}, {"stream": "printed"}]


@pytest.mark.parametrize(("source", "kept"), [("from cnncourse import draw", False), ("import ipywidgets", True)])
def test_any_jupyter_server_with_the_courses_settings_saves_its_notebooks_without_widgets(
    project, tmp_path, source, kept
):
    settings = json.loads((project / "cnncourse/lab_settings/cnncourse.json").read_text(encoding="utf-8"))
    (extension,) = settings["ServerApp"]["jpserver_extensions"]
    (point,) = import_module(extension)._jupyter_server_extension_points()
    manager = LargeFileManager(root_dir=str(tmp_path))
    import_module(point["module"])._load_jupyter_server_extension(SimpleNamespace(contents_manager=manager))
    output = nbformat.v4.new_output("display_data", {WIDGET_VIEW: {}, "text/html": "<img>", "text/plain": "words"})
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, outputs=[output])])
    manager.save({"type": "notebook", "format": "json", "content": content}, "a.ipynb")
    (saved,) = read(tmp_path / "a.ipynb").cells[0].outputs
    assert (WIDGET_VIEW in saved.data) == kept
