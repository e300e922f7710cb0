"""Feedback as platforms take it back: zip files in which names say whose each is, e-mails, and nbgrader's folders."""

import re
import zipfile
from collections.abc import Iterable, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from cnncourse.classroom.collecting.names import plain_text
from cnncourse.classroom.collecting.submissions import SECRET, Submission
from cnncourse.classroom.collecting.uploads import contents
from cnncourse.classroom.grading.writing import replacing, replacing_bytes
from cnncourse.classroom.term.records import Record

RECEIPTS = ("timestamp.txt", SECRET)  # what nbgrader wants beside feedback, to know to whom it belongs
LONGEST_RECEIPT = 1_000  # bytes
STAMP = (1980, 1, 1, 0, 0, 0)  # the same bytes for the same feedback


def write_zips(record: Record) -> list[Path]:
    """Write ``feedback-moodle.zip`` and ``feedback-canvas.zip``, as far as the platforms' numbers are known.

    Moodle ("Upload multiple feedback files in a zip") reads NAME_NUMBER_PLUGINTYPE_PLUGIN_FILE
    (``mod/assign/feedback/file/importziplib.php``). Canvas ("Upload Submissions") takes the first two numbers between
    underscores for the learner's and the file's (``infer_comment_context_from_filename`` in ``assignment.rb``).

    Args:
        record: of the graded exercise, with its pages in ``feedback``.

    """
    names: dict[str, dict[str, Path]] = {"moodle": {}, "canvas": {}}
    for student, learner in record.learners.items():
        page = record.folder / "feedback" / f"{student}.html"
        if not page.is_file():
            continue
        if learner.moodle:
            name = re.sub(r"[_/\\]+", " ", learner.name)
            names["moodle"][f"{name}_{learner.moodle}_assignsubmission_file_feedback.html"] = page
        if beginning := _canvas_beginning(learner.upload, learner.canvas):
            names["canvas"][f"{beginning}_feedback.html"] = page
    written = []
    for platform, pages in names.items():
        path = record.folder / f"feedback-{platform}.zip"
        if not pages:
            path.unlink(missing_ok=True)
            continue
        with replacing_bytes(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, page in sorted(pages.items()):
                packed.writestr(zipfile.ZipInfo(name, STAMP), page.read_bytes(), zipfile.ZIP_DEFLATED)
        written.append(path)
    return written


def write_mails(record: Record, addresses: Mapping[str, str], title: str) -> list[Path]:
    """Write feedback as e-mails that are ready to be sent, ``mail/STUDENT.eml``, for those whose address is known.

    Args:
        record: of the graded exercise, with its pages in ``feedback``.
        addresses: by learner.
        title: what the course is called.

    """
    written = []
    for student, address in sorted(addresses.items()):
        page = record.folder / "feedback" / f"{student}.html"
        if not page.is_file():
            continue
        mail = EmailMessage(policy=SMTP)
        try:
            mail["To"] = address
        except ValueError:  # whatever a class list has in that column
            continue
        mail["Subject"] = plain_text(f"{title}: exercise {record.exercise}")
        mail["X-Unsent"] = "1"  # mail programs open it as a draft
        mail.set_content("Your feedback is attached: open it in a browser.\n")
        attached = {"filename": f"{record.exercise}.html", "params": {"charset": "utf-8"}}
        mail.add_attachment(page.read_bytes(), maintype="text", subtype="html", **attached)
        mail.set_boundary(f"feedback-{record.exercise}")  # the same bytes for the same feedback
        path = record.folder / "mail" / f"{student}.eml"
        with replacing_bytes(path) as file:
            file.write(mail.as_bytes())
        written.append(path)
    return written


def write_for_nbgrader(folder: Path, submissions: Iterable[Submission]) -> list[str]:
    """Write feedback where ``nbgrader release_feedback`` looks for it, for what was collected from nbgrader's exchange.

    Args:
        folder: of the graded exercise, with its pages in ``feedback``.
        submissions: what was graded.

    Returns:
        Learners to whom nbgrader could not give it back, because what it wrote beside their notebooks is damaged.

    """
    without = []
    for submission in submissions:
        place, handed_in = submission.nbgraders_feedback, submission.path.parent
        if place is None:
            continue
        try:
            receipts = {name: contents(handed_in / name, (), LONGEST_RECEIPT).decode("ascii") for name in RECEIPTS}
        except ValueError:  # learners can write there; nbgrader would stop at it, and give nobody feedback
            without.append(submission.student)
            continue
        for name, receipt in receipts.items():
            with replacing(place / name) as file:
                file.write(receipt)
        # Learners are told that there is feedback once all notebooks of a hand-in have some.
        pages = [place / f"{notebook.stem}.html" for notebook in handed_in.glob("*.ipynb")]
        _replace(pages, folder / "feedback" / f"{submission.student}.html")
    return without


def renew_for_nbgrader(record: Record) -> None:
    """Bring the pages that nbgrader finds up to date.

    Args:
        record: of the graded exercise, with its pages in ``feedback``.

    """
    for student, learner in record.learners.items():
        page = record.folder / "feedback" / f"{student}.html"
        if learner.nbgrader and page.is_file():
            _replace(Path(learner.nbgrader).glob("*.html"), page)


def _replace(pages: Iterable[Path], page: Path) -> None:
    for path in pages:
        with replacing_bytes(path) as file:
            file.write(page.read_bytes())
        path.chmod(0o644)  # nbgrader hands it out with the rights it has here, where the folder keeps others away


def _canvas_beginning(upload: str, number: str) -> str:
    """Return what of an upload's name Canvas knows it by, "" if it is none of Canvas'."""
    pieces = upload.rpartition("/")[2].split("_")
    numbers = [place for place, piece in enumerate(pieces) if piece.isdigit()][:2]
    is_whole = len(numbers) == 2 and pieces[numbers[0]] == number
    return "_".join(pieces[: numbers[1] + 1]) if is_whole else ""
