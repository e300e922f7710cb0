"""What cannot be made is said before anything is changed."""

import pytest

from cnncourse.cli import main
from cnncourse.site import build


@pytest.fixture
def installed(monkeypatch):
    """As if the extra were there: these tests do not come so far as to use it."""
    monkeypatch.setattr(build, "NEEDED", ())


def test_without_the_extra_one_is_told_what_to_type(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(build, "NEEDED", ("json", "not_there", "not_there.either"))
    assert main(["site", str(tmp_path / "site")]) == 2
    said = capsys.readouterr().err
    assert said.startswith("cnncourse: not_there, not_there.either not installed: type  pip install")
    assert not any(tmp_path.iterdir())


def test_a_folder_that_is_no_site_is_left_alone(installed, tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    assert main(["site", str(tmp_path)]) == 2
    assert "no site of the course" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_name_that_is_none_is_refused(tmp_path, capsys):
    assert main(["site", str(tmp_path / "site"), "--repository", "course"]) == 2
    assert "OWNER/NAME" in capsys.readouterr().err


def test_without_a_clone_there_is_nothing_to_make_it_from(installed, tmp_path):
    with pytest.raises(LookupError, match="clone"):
        build.build_site(tmp_path, tmp_path / "site", {})


def test_the_explorers_module_becomes_a_script():
    script = build._as_script(build.EXPLORER / "explorer.js", "explorer")
    assert "export " not in script
    assert script.endswith("cnncourse.explorer = { render };\n})();\n")


def test_another_module_is_refused(tmp_path):
    (tmp_path / "other.js").write_text("export default function () {}", encoding="utf-8")
    with pytest.raises(ValueError, match="does not end with"):
        build._as_script(tmp_path / "other.js", "other")
