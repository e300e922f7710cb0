"""The list of a class, as a learning platform exports it or somebody wrote it."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from cnncourse.classroom.collecting.deadline import read_time
from cnncourse.classroom.collecting.names import plain_text

# What platforms and people call a column, by what it holds: without accents, capitals, and signs between the words.
# Moodle translates its headings; these are those of its largest languages. The most telling first.
HEADINGS = {
    "identifier": ("identifier", "identifiant", "identificador", "identificativo", "kennung", "identificatie"),
    "id": ("id", "student id", "canvas user id", "user id", "userid", "orgdefinedid", "sid"),
    "username": (
        *("username", "user name", "user", "login", "login id", "netid", "github username", "roster identifier"),
        *("anmeldename", "benutzername", "nom d utilisateur", "nombre de usuario", "nome de utilizador"),
        *("nome utente", "gebruikersnaam", "identificacao de usuario"),
    ),
    "sis login id": ("sis login id",),
    "sis user id": ("sis user id", "integration id"),
    "number": (
        *("id number", "student number", "matriculation number", "matrikelnummer", "matrikelnr", "id nummer"),
        *("numero d identification", "numero d etudiant", "numero de id", "numero de identificacion", "matricula"),
        *("numero di matricola", "matricola", "studentnummer", "student no", "roll number"),
    ),
    "email": (
        *("email", "e mail", "mail", "email address", "e mail address", "e mail adresse", "adresse de courriel"),
        *("adresse e mail", "courriel", "correo", "correo electronico", "direccion de correo", "direccion de email"),
        *("indirizzo email", "e mailadres", "endereco de email", "endereco de e mail"),
    ),
    "name": (
        *("full name", "student", "name", "student name", "display name", "vollstandiger name", "nom complet"),
        *("nombre completo", "nombre completo del usuario", "nome completo", "volledige naam", "learner"),
    ),
    "first name": (
        *("first name", "given name", "forename", "vorname", "prenom", "nombre", "nome", "voornaam"),
        *("firstname", "preferred name"),
    ),
    "last name": (
        *("last name", "surname", "family name", "nachname", "nom", "nom de famille", "apellido", "apellidos"),
        *("cognome", "sobrenome", "achternaam", "lastname", "apellido s"),
    ),
    # Of Moodle's worksheet: when it was handed in, and where grades and comments are given back.
    "submitted": (
        *("last modified submission", "zuletzt geandert abgabe", "derniere modification travail remis"),
        *("ultima modificacion entrega", "ultima modifica consegna", "laatst gewijzigd inzending"),
    ),
    "grade": ("grade", "bewertung", "note", "calificacion", "valutazione", "nota", "cijfer", "avaliacao"),
    "feedback": (
        *("feedback comments", "feedback als kommentar", "feedback par commentaires", "commentaires de feedback"),
        *("comentarios de retroalimentacion", "commenti", "commenti di feedback", "feedbackopmerkingen"),
        *("comentarios de feedback", "comentarios"),
    ),
}
IDENTIFYING = ("identifier", "id", "username", "sis login id", "sis user id", "number", "email", "name")
CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
SEPARATORS = ",;\t|"
LATEST_HEADING = 10  # lines of titles, at most, before the headings


@dataclass(frozen=True)
class Person:
    """One of the class.

    Attributes:
        key: what identifies the learner.
        name: how the roster calls the learner, "" if it does not say.
        row: all that the roster says, by heading.

    """

    key: str
    name: str
    row: Mapping[str, str]


@dataclass(frozen=True)
class Match:
    """Who of a class handed in.

    Attributes:
        people: by the key of the hand-in.
        absent: those who are in the roster and of whom nothing is there.

    """

    people: Mapping[str, Person]
    absent: tuple[Person, ...]


@dataclass(frozen=True)
class Roster:
    """Everybody who is in the class.

    Attributes:
        platform: "canvas" for Canvas' gradebook, "moodle" for Moodle's grading worksheet, "" for any other list.
        columns: the headings.
        rows: a learner each, by heading.
        remark: what is odd about the file, "" if nothing is.

    """

    platform: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    remark: str = ""

    @classmethod
    def read(cls, path: Path) -> "Roster":
        """Read a table as text, separated by commas, semicolons, tabs or bars, in whatever encoding.

        Raises:
            LookupError: if there is no such file.
            ValueError: if it is no such table, or no column identifies learners.

        """
        if not path.is_file():
            raise LookupError(f"there is no roster {path}")
        text, remark = _decoded(path.read_bytes(), path.name)
        columns, lines = _table(text, path.name)
        rows = [dict(zip(columns, [*line, *[""] * len(columns)], strict=False)) for line in lines]
        if set(CANVAS_COLUMNS[:2]) <= set(columns):
            # Rows without an ID hold points and settings; the test student is nobody's.
            rows = [row for row in rows if row["ID"].strip() and row["Student"].strip() != "Student, Test"]
            return cls("canvas", columns, tuple(rows), remark)
        roster = cls("", columns, tuple(rows), remark)
        words = {found[1] if (found := PARTICIPANT.fullmatch(row[columns[0]].strip())) else "" for row in rows}
        is_worksheet = len(words) == 1 and "" not in words and roster.column("grade")
        return replace(roster, platform="moodle") if is_worksheet else roster

    def column(self, held: str) -> str:
        """Return the heading of the first column that holds something, "" if none does."""
        return next((column for name in HEADINGS[held] for column in self.columns if _plain(column) == name), "")

    def submitted(self, person: Person) -> datetime | None:
        """Return when somebody handed in, as Moodle's worksheet says; ``None`` if nothing does that can be read."""
        try:
            return read_time(person.row.get(self.column("submitted"), ""))
        except ValueError:
            return None

    def match(self, handed_in: Mapping[str, Iterable[str]]) -> Match:
        """Find out who is who.

        The column in which most of the keys or names are found decides. Whoever is not found there is looked for in the
        others, by names and addresses, never by numbers, which may be another one's there.

        Args:
            handed_in: by key, everything that a hand-in is called: the key, and names.

        """
        columns = [column for held in IDENTIFYING for column in self.columns if _plain(column) in HEADINGS[held]]
        tables = {column: self._table_of(column) for column in columns} | {"": self._by_name()}
        rows = {
            column: {key: row for key, words in handed_in.items() if (row := _look_up(words, table)) is not None}
            for column, table in tables.items()
        }
        best = max(rows, key=lambda column: len(rows[column]))
        found = dict(rows[best])
        taken = set(found.values())
        for others in rows.values():
            for key, row in others.items():
                if key not in found and row not in taken and not _exact(key).isdigit():
                    found[key] = row
                    taken.add(row)
        known = {self._person(row, best).key for row in taken}
        absent: dict[str, Person] = {}
        for row in range(len(self.rows)):
            person = self._person(row, best)
            if person.key and person.key not in known:
                absent.setdefault(person.key, person)
        return Match({key: self._person(row, best) for key, row in found.items()}, tuple(absent.values()))

    def _person(self, number: int, column: str) -> Person:
        row, name = self.rows[number], self._name(self.rows[number])
        keys = [column, *(self.column(held) for held in IDENTIFYING)]
        key = next((key for each in keys if each and (key := _given(self._cell(row, each)))), name)
        return Person(key, name, row)

    def _cell(self, row: Mapping[str, str], column: str) -> str:
        """Return a cell; Moodle's worksheet says "Participant 4711", in its language, where its download says 4711."""
        cell = row[column].strip()
        numbered = PARTICIPANT.fullmatch(cell) if self.platform == "moodle" and column == self.columns[0] else None
        return numbered[2] if numbered else cell

    def _table_of(self, column: str) -> dict[str, int]:
        return _unambiguous(
            (form, number) for number, row in enumerate(self.rows) for form in _forms(self._cell(row, column))
        )

    def _by_name(self) -> dict[str, int]:
        return _unambiguous((form, number) for number, row in enumerate(self.rows) for form in _orders(self._name(row)))

    def _name(self, row: Mapping[str, str]) -> str:
        column = self.column("name")
        if column and row[column].strip():
            return " ".join(row[column].split())
        columns = [self.column(held) for held in ("first name", "last name")]
        return " ".join(" ".join(row[column] for column in columns if column).split())


# The word for a participant, in whatever language, and a number.
PARTICIPANT = re.compile(r"([^\W\d]\D{4,}?)\s?([0-9]+)")


# Who is who ----------------------------------------------------------------------------------------------------------


def _look_up(words: Iterable[str], table: Mapping[str, int]) -> int | None:
    return next((table[form] for word in words for form in (*_forms(word), *_orders(word)) if form in table), None)


def _unambiguous(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return a table of row numbers without what two people have in common."""
    table: dict[str, set[int]] = {}
    for form, number in pairs:
        table.setdefault(form, set()).add(number)
    return {form: next(iter(numbers)) for form, numbers in table.items() if form and len(numbers) == 1}


def _exact(text: str) -> str:
    """Return a key as it is compared: composed, in lower case, with single spaces and straight apostrophes."""
    composed = unicodedata.normalize("NFKC", text).replace("’", "'").replace("ʼ", "'")
    return " ".join(composed.split()).casefold()


def _given(cell: str) -> str:
    """Return what was meant by a cell: spreadsheets write 42 as '42, ="42" or 42.0, Brightspace jdoe as #jdoe."""
    formula = re.fullmatch(r'="(.*)"', cell)
    text = re.sub(r"^(?:'(?=\d)|#)", "", formula[1] if formula else cell)
    number = re.fullmatch(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.0+)?", text)
    return number[1].replace(",", "") if number else text


def _forms(text: str) -> tuple[str, ...]:
    """Return what identifies somebody in the forms in which it comes back, the exact one first."""
    exact = _exact(_given(text))
    # A spreadsheet takes the zeros in front away.
    return (exact, f"number {exact.lstrip('0')}") if exact.isdigit() else (exact,)


def _orders(name: str) -> tuple[str, ...]:
    """Return a name's letters in the orders in which platforms write it: "Jane Doe", "Doe, Jane", "doejane"."""
    words = _exact(name)
    last, comma, first = words.partition(",")
    if not comma:
        first, _, last = words.rpartition(" ")
    return tuple(
        dict.fromkeys(f"letters {_letters(order)}" for order in (words, last + first, first + last) if _letters(order))
    )


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


# The file ------------------------------------------------------------------------------------------------------------


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    """Return the text of a file, and a remark; spreadsheets write UTF-16 as "Unicode text", and older ones a code page.

    Raises:
        ValueError: if it is no text.

    """
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ValueError(f"{name} is a spreadsheet, whatever its name ends in; save it as CSV (UTF-8), and give that")
    odd, even = data[1:200:2], data[0:200:2]
    encoding, remark = "utf-8-sig", ""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif odd.count(0) > len(odd) / 2:
        encoding = "utf-16-le"
    elif even.count(0) > len(even) / 2:
        encoding = "utf-16-be"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")  # of spreadsheets that know nothing of UTF-8
        remark = f"{plain_text(name)} is not in UTF-8: if names are misspelt here, save it as CSV (UTF-8)"
    return text.replace("\0", ""), remark


def _table(text: str, name: str) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return headings and rows, by whatever sign is between the cells, and however many lines stand above.

    Raises:
        ValueError: if no line has a heading that identifies learners.

    """
    tried = []
    for separator in SEPARATORS:
        try:
            lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
        except csv.Error as error:
            raise ValueError(f"{name} is no CSV file: {error}") from error
        lines = [line for line in lines if any(cell.strip() for cell in line)]
        for number, line in enumerate(lines[:LATEST_HEADING]):
            known = sum(_plain(cell) in KNOWN for cell in line)
            tried.append((known, len(line), -number, lines[number:]))
    known, _, _, lines = max(tried, key=lambda each: each[:3], default=(0, 0, 0, []))
    if not known:
        first = ", ".join(text.strip().split("\n")[0].split(",")) if text.strip() else "nothing"
        raise ValueError(
            f"{name} has no column that identifies learners: its first line is {first[:200]!r}; expected Canvas' "
            f"gradebook, Moodle's grading worksheet, or headings among which is student, id, username, email or name"
        )
    columns, *rows = lines
    return _distinct(" ".join(column.split()) for column in columns), rows


def _distinct(columns: Iterable[str]) -> tuple[str, ...]:
    """Return headings of which none is there twice."""
    seen: dict[str, int] = {}
    distinct = []
    for column in columns:
        seen[column] = seen.get(column, 0) + 1
        distinct.append(column if seen[column] == 1 else f"{column} ({seen[column]})")
    return tuple(distinct)


@cache
def _plain(heading: str) -> str:
    """Return a heading without accents, capitals, and signs between words."""
    letters = unicodedata.normalize("NFKD", heading).casefold()
    return " ".join(re.sub(r"[^\w]|_", " ", "".join(c for c in letters if not unicodedata.combining(c))).split())


KNOWN = {name for held in (*IDENTIFYING, "first name", "last name") for name in HEADINGS[held]}
