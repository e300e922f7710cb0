"""The list of a class, as a learning platform exports it or somebody wrote it."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path

from cnncourse.classroom.collecting.deadline import read_time
from cnncourse.classroom.collecting.names import plain_text
from cnncourse.classroom.collecting.spreadsheets import SEPARATORS, decoded, lines_of


@cache
def _plain(heading: str) -> str:
    """Return a heading without accents, capitals, and signs between words."""
    letters = unicodedata.normalize("NFKD", heading).casefold()
    return " ".join(re.sub(r"[^\w]|_", " ", "".join(c for c in letters if not unicodedata.combining(c))).split())


# What platforms and people call a column, by what it holds: without accents, capitals, and signs between the words.
# Moodle translates its headings; these are those of its largest languages. The most telling first.
WRITTEN = {
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
        *("nr albumu", "numer albumu", "öğrenci no", "学号", "學號", "学籍番号", "학번", "номер зачетки"),
    ),
    "email": (
        *("email", "e mail", "mail", "email address", "e mail address", "e mail adresse", "adresse de courriel"),
        *("adresse e mail", "courriel", "correo", "correo electronico", "direccion de correo", "direccion de email"),
        *("indirizzo email", "e mailadres", "endereco de email", "endereco de e mail", "e posta", "e postadress"),
        *("adres e mail", "электронная почта", "адрес электронной почты", "邮箱", "メールアドレス", "이메일"),
    ),
    "name": (
        *("full name", "student", "name", "student name", "display name", "vollstandiger name", "nom complet"),
        *("nombre completo", "nombre completo del usuario", "nome completo", "volledige naam"),
        *("learner", "namn", "navn"),
        *("фио", "полное имя", "姓名", "氏名", "이름", "ad soyad", "imie i nazwisko", "jmeno a prijmeni"),
    ),
    "first name": (
        *("first name", "given name", "forename", "vorname", "prenom", "nombre", "nome", "voornaam"),
        *("firstname", "preferred name", "fornamn", "fornavn", "etunimi", "imie", "jmeno", "adı", "имя", "名"),
    ),
    "last name": (
        *("last name", "surname", "family name", "nachname", "nom", "nom de famille", "apellido", "apellidos"),
        *("cognome", "sobrenome", "achternaam", "lastname", "apellido s", "efternamn", "etternavn", "efternavn"),
        *("sukunimi", "nazwisko", "prijmeni", "soyadı", "фамилия", "姓"),
    ),
    "group": (
        *("group name", "group", "team", "gruppe", "gruppenname", "groupe", "nom du groupe", "grupo"),
        *("nombre del grupo", "nome do grupo", "gruppo", "groep"),
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
HEADINGS = {held: tuple(map(_plain, names)) for held, names in WRITTEN.items()}
IDENTIFYING = ("identifier", "id", "username", "sis login id", "sis user id", "number", "email", "name")
KNOWN = {name for held in (*IDENTIFYING, "first name", "last name") for name in HEADINGS[held]}
ALL_HEADINGS = {name for names in HEADINGS.values() for name in names}
CANVAS_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
MOST_ALIKE = 5  # people who have something in common that may be one of them; more of them have a section in common
STAFF = {"instructor", "ta", "reader", "teacher", "non editing teacher", "teaching assistant", "manager", "grader"}
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
        doubtful: by the key of one who is absent, the hand-in of somebody unknown that may be his or hers.

    """

    people: Mapping[str, Person]
    absent: tuple[Person, ...]
    doubtful: Mapping[str, str]


@dataclass(frozen=True)
class Roster:
    """Everybody who is in the class.

    Attributes:
        platform: "canvas" for Canvas' gradebook, "moodle" for Moodle's grading worksheet, "" for any other list.
        columns: the headings.
        rows: a learner each, by heading.
        remark: what is odd about the file, "" if nothing is.
        possible: Canvas' points possible, by heading.

    """

    platform: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    remark: str = ""
    possible: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Roster":
        """Read a table as text, separated by commas, semicolons, tabs or bars, in whatever encoding.

        Raises:
            LookupError: if there is no such file.
            ValueError: if it is no such table, or no column identifies learners.

        """
        if not path.is_file():
            raise LookupError(f"there is no roster {path}")
        text, remark = decoded(path.read_bytes(), path.name)
        columns, lines, spoilt = _table(text, path.name)
        remark = "; ".join(filter(None, (remark, spoilt)))
        rows = [dict(zip(columns, [*line, *[""] * len(columns)], strict=False)) for line in lines]
        if {"ID", "Student"} <= set(columns) or {"ID", "LastName", "FirstName", "Section"} <= set(columns):
            # Rows without an ID hold points and settings; the test student is nobody's.
            first = "Student" if "Student" in columns else "LastName"
            possible = next((row for row in rows if row[first].strip() == "Points Possible"), {})
            test = ("Student, Test", "") if first == "Student" else ("Student", "Test")
            rows = [
                row
                for row in rows
                if row["ID"].strip() and (row[first].strip(), row.get("FirstName", "").strip()) != test
            ]
            return cls("canvas", columns, tuple(rows), remark, possible)
        if role := next((column for column in columns if _plain(column) in ("role", "roles")), ""):
            rows = [row for row in rows if _plain(row[role]) not in STAFF]
        # Moodle's worksheet is in the teacher's language: each row begins with its word for a participant.
        words = {found[1] if (found := PARTICIPANT.fullmatch(row[columns[0]].strip())) else "" for row in rows}
        worksheet = cls("moodle", columns, tuple(rows), remark)
        is_worksheet = len(words) == 1 and "" not in words and worksheet.column("grade")
        return worksheet if is_worksheet else replace(worksheet, platform="")

    def column(self, held: str) -> str:
        """Return the heading of the first column that holds something, "" if none does."""
        known = next((column for name in HEADINGS[held] for column in self.columns if _plain(column) == name), "")
        if self.platform != "moodle":
            return known
        # Whatever the language, Moodle's columns are in the same order.
        if held == "identifier":
            return self.columns[0]
        if held == "name" and not known and len({row[self.columns[1]] for row in self.rows}) == len(self.rows):
            return self.columns[1]
        return known or (self._before_the_maximum() if held == "grade" else "")

    def _before_the_maximum(self) -> str:
        """Return the column of grades: behind it stands the maximum, the same number for everybody."""
        for column, following in zip(self.columns[1:], self.columns[2:], strict=False):
            cells = {row[following].strip() for row in self.rows}
            if len(cells) == 1 and re.fullmatch(r"[0-9]+[.,][0-9]+", next(iter(cells))):
                return column
        return ""

    def assignment(self, exercise: str) -> str:
        """Return Canvas' heading of an exercise's points, "" if it has none: it ends with the assignment's number."""
        headings = self.columns if self.platform == "canvas" else ()
        return next((each for each in headings if each == exercise or each.startswith(f"{exercise} (")), "")

    def maximum(self, exercise: str) -> float | None:
        """Return the points that the platform gives for an exercise, ``None`` if the list does not say."""
        cells = {self.possible.get(self.assignment(exercise), "")}
        if self.platform == "moodle" and self.rows and (points := self.column("grade")):
            following = dict(zip(self.columns, self.columns[1:], strict=False)).get(points, points)
            cells = {row[following] for row in self.rows}
        text = next(iter(cells)).strip().replace(",", ".")
        return float(text) if len(cells) == 1 and re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", text) else None

    def newcomer(self, number: str, name: str) -> Mapping[str, str]:
        """Return a row of Moodle's worksheet for a participant who is not in it."""
        like = next((row[self.columns[0]] for row in self.rows), "Participant 0")
        return {self.columns[0]: re.sub(r"[0-9]+\s*$", number, like), self.column("name"): name}

    def members(self, team: str) -> tuple[Person, ...]:
        """Return who is in a team; nobody if no row names it.

        A list of groups, such as Canvas exports, or any other with a column for them says so there. In Moodle's
        worksheet, which is in the teacher's language, it may be any column but the name.
        """
        name = _letters(_exact(team))
        if self.platform == "moodle":
            key, columns = self.columns[0], [column for column in self.columns if column != self.column("name")]
        else:
            key, columns = self.column("id"), [self.column("group")]
        if "" in columns:  # no list of groups
            return ()
        in_it = [bool(name) and any(_letters(_exact(row[each])) == name for each in columns) for row in self.rows]
        return tuple(person for person, is_in in zip(self._persons(key), in_it, strict=True) if is_in)

    def submitted(self, person: Person) -> datetime | None:
        """Return when somebody handed in, as Moodle's worksheet says; ``None`` if nothing does that can be read."""
        try:
            return read_time(person.row.get(self.column("submitted"), ""))
        except ValueError:
            return None

    def match(self, handed_in: Mapping[str, Sequence[str]], *, numbered: bool = True) -> Match:
        """Find out who is who.

        The column in which most of the keys or names are found decides. Whoever is not found there is looked for in the
        others, by names and addresses, never by numbers, which may be another one's there.

        Args:
            handed_in: by key, everything that a hand-in is called: the key, and names.
            numbered: whether a platform gave the keys: its numbers may be another one's in the list.

        """
        columns = [
            each for held in IDENTIFYING for each in (self.column(held), *self.columns) if self._holds(each, held)
        ]
        if not self.platform:  # the headings of a list that somebody wrote may be in any language
            columns += self.columns
        tables = {column: self._table_of(column) for column in columns} | {"": self._by_name()}
        rows = {
            column: {key: row for key, words in handed_in.items() if (row := _look_up(words, table)) is not None}
            for column, table in tables.items()
        }
        best = max(rows, key=lambda column: len(rows[column]))
        found = dict(rows[best])
        if numbered and not self.platform:  # a platform's number may be another one's in a list of another's
            named = [table for column, table in tables.items() if _plain(column) not in ALL_HEADINGS]
            by_name = {
                key: row
                for table in named
                for key, words in handed_in.items()
                if (row := _look_up(words[1:], table)) is not None
            }
            found = {key: by_name.get(key, row) for key, row in found.items()}
            found = {key: row for key, row in found.items() if self._may_be(handed_in[key], row)}
        taken = set(found.values())
        for others in rows.values():
            for key, row in others.items():
                if key not in found and row not in taken and not _exact(key).isdigit():
                    found[key] = row
                    taken.add(row)
        persons = self._persons(best)
        if not numbered:
            own = {person.key: row for row, person in enumerate(persons) if row not in taken}
            found |= {key: own[key] for key in handed_in if key not in found and key in own}
        known = {persons[row].key for row in found.values()}
        absent: dict[str, Person] = {}
        for person in persons:
            if person.key and person.key not in known:
                absent.setdefault(person.key, person)
        doubtful: dict[str, str] = {}
        for key, words in handed_in.items():
            rows_of = (table.get(form, ()) for form in _all_forms(words) for table in tables.values())
            for row in () if key in found else {row for each in rows_of if len(each) <= MOST_ALIKE for row in each}:
                if persons[row].key in absent:
                    doubtful[persons[row].key] = key
        return Match({key: persons[row] for key, row in found.items()}, tuple(absent.values()), doubtful)

    def _may_be(self, words: Sequence[str], row: int) -> bool:
        """Return whether a hand-in may be that of a row, by their names: some word of it is in it."""
        names = [_unaccented(_letters(_exact(word))) for word in words[1:] if _exact(word) != _exact(words[0])]
        parts = [_unaccented(_letters(word)) for word in _exact(self._name(self.rows[row])).split()]
        return not names or not any(parts) or any(part in name for part in parts if part for name in names)

    def _holds(self, column: str, held: str) -> bool:
        return bool(column) and (column == self.column(held) or _plain(column) in HEADINGS[held])

    def _persons(self, column: str) -> list[Person]:
        """Return everybody, identified by a column, or by the next one where two people have the same there."""
        columns = [each for each in (column, *map(self.column, IDENTIFYING)) if each]
        keys = [[_given(self._cell(row, each)) for each in columns] for row in self.rows]
        often = [Counter(map(_exact, cells)) for cells in zip(*keys, strict=True)]
        persons = []
        for row, cells in zip(self.rows, keys, strict=True):
            given = [(cell, often[place][_exact(cell)] > 1) for place, cell in enumerate(cells) if cell]
            key, _ = min(given, key=lambda each: each[1], default=(self._name(row), False))
            persons.append(Person(key, self._name(row), row))
        return persons

    def _cell(self, row: Mapping[str, str], column: str) -> str:
        """Return a cell; Moodle's worksheet says "Participant 4711", in its language, where its download says 4711."""
        cell = row[column].strip()
        numbered = PARTICIPANT.fullmatch(cell) if self.platform == "moodle" and column == self.columns[0] else None
        return numbered[2] if numbered else cell

    def _table_of(self, column: str) -> dict[str, set[int]]:
        # What a column holds whose heading is in an unknown language may be names.
        forms = _forms if _plain(column) in ALL_HEADINGS else _any_forms
        return _rows_by_form(
            (form, number) for number, row in enumerate(self.rows) for form in forms(self._cell(row, column))
        )

    def _by_name(self) -> dict[str, set[int]]:
        return _rows_by_form(
            (form, number) for number, row in enumerate(self.rows) for form in _orders(self._name(row))
        )

    def _name(self, row: Mapping[str, str]) -> str:
        column = self.column("name")
        if column and row[column].strip():
            return " ".join(row[column].split())
        columns = [self.column(held) for held in ("first name", "last name")]
        return " ".join(" ".join(row[column] for column in columns if column).split())


# The word for a participant, in whatever language, and a number.
PARTICIPANT = re.compile(r"([^\W\d]\D{4,}?|[^\W\d\x00-\x7f]\D{1,3})\s?([0-9]+)")


# Who is who ----------------------------------------------------------------------------------------------------------


def _look_up(words: Iterable[str], table: Mapping[str, set[int]]) -> int | None:
    """Return the row that words are found in; what two people have in common is neither's."""
    rows = (table.get(form, set()) for form in _all_forms(words))
    return next((next(iter(each)) for each in rows if len(each) == 1), None)


def _any_forms(text: str) -> tuple[str, ...]:
    return (*_forms(text), *_orders(text))


def _all_forms(words: Iterable[str]) -> Iterator[str]:
    return (form for word in words for form in _any_forms(word))


def is_called(name: str, other: str) -> bool:
    """Return whether two texts are the same name, in whatever order and letters platforms write it."""
    return bool({*_orders(name)} & {*_orders(other)})


def _rows_by_form(pairs: Iterable[tuple[str, int]]) -> dict[str, set[int]]:
    table: dict[str, set[int]] = {}
    for form, number in pairs:
        if form:
            table.setdefault(form, set()).add(number)
    return table


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
    digits = re.sub(r"[-./ ]", "", exact)
    return (exact, f"number {digits.lstrip('0')}") if digits.isdigit() else (exact,)


def _orders(name: str) -> tuple[str, ...]:
    """Return a name's letters in the orders in which platforms write it: "Jane Doe", "Doe, Jane", "doejane".

    They come with accents first, and then as those write them who have none on their keyboard: Muller, or Mueller.
    """
    last, comma, first = _exact(name).partition(",")
    words = last.split()[:MOST_WORDS]
    # Where the last name begins nobody knows: Jan van der Berg is vanderbergjan to Canvas.
    turned = ["".join(words[place:] + words[:place]) for place in range(len(words))]
    orders = [letters for each in ([last + first, first + last] if comma else turned) if (letters := _letters(each))]
    plain = [_unaccented(letters) for letters in orders]
    spelt = [_unaccented(letters.translate(SPELT)) for letters in orders]
    return tuple(dict.fromkeys(f"letters {letters}" for letters in (*orders, *plain, *spelt) if letters))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text))


MOST_WORDS = 8  # of a name
# What no accent is taken from, and what is spelt with two letters.
PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
SPELT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})


def _unaccented(letters: str) -> str:
    apart = unicodedata.normalize("NFKD", letters.translate(PLAIN))
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


# The file ------------------------------------------------------------------------------------------------------------


def _table(text: str, name: str) -> tuple[tuple[str, ...], list[list[str]], str]:
    """Return headings, rows and a remark, by whatever sign is between the cells, and however many lines stand above.

    Raises:
        ValueError: if no line has a heading that identifies learners.

    """
    tried = []
    for separator in SEPARATORS:
        lines, is_spoilt = lines_of(text, separator)
        lines = [line for line in lines if any(cell.strip() for cell in line)]
        for number, line in enumerate(lines[:LATEST_HEADING]):
            known = sum(_plain(cell) in KNOWN for cell in line)
            tried.append((known, _is_heading(lines[number:]), len(line), -number, is_spoilt, lines[number:]))
    known, is_heading, _, _, spoilt, lines = max(tried, key=lambda each: each[:4], default=(0, False, 0, 0, False, []))
    if not known and not is_heading:
        first = ", ".join(text.strip().split("\n")[0].split(",")) if text.strip() else "nothing"
        raise ValueError(
            f"{name} has no column that identifies learners: its first line is {first[:200]!r}; expected Canvas' "
            f"gradebook, Moodle's grading worksheet, or headings among which is student, id, username, email or name"
        )
    columns, *rows = lines
    if rows and _is_total(rows[-1]):
        rows.pop()
    remark = f"in {plain_text(name)} quotation marks are not in pairs: look whether everybody is here" if spoilt else ""
    return _distinct(" ".join(column.split()) for column in columns), rows, remark


def _is_total(line: Sequence[str]) -> bool:
    """Return whether a line is no learner, but a sum below all of them."""
    first, *others = [cell.strip() for cell in line if cell.strip()]
    return bool(TOTAL.fullmatch(_plain(first))) and all(NUMBER.fullmatch(cell) for cell in others)


# "Total: 3", "Summe", "Total students 3": no word that is somebody's name, as "Suma" is.
TOTAL = re.compile(
    r"(?:grand )?(?:totals?|summe|gesamt|anzahl|somme|totale|totaal|insgesamt)"
    r"(?: (?:students|learners|participants|teilnehmer|studierende|etudiants|estudiantes|alumnos))?(?: [0-9]+)?"
)
NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)?%?")


def _is_heading(lines: list[list[str]]) -> bool:
    """Return whether the first line are headings, in whatever language: below one of them all have a number or @.

    One row is too few to tell that.
    """
    headings, *rows = lines

    def is_number(cell: str) -> bool:
        return any(sign.isdigit() or sign == "@" for sign in cell)

    if len(rows) < 2 or any(map(is_number, headings)):
        return False
    cells = ([row[column].strip() for row in rows if column < len(row)] for column in range(len(headings)))
    return any(each and all(map(is_number, each)) and headings[place].strip() for place, each in enumerate(cells))


def _distinct(columns: Iterable[str]) -> tuple[str, ...]:
    """Return headings of which none is there twice."""
    seen: dict[str, int] = {}
    distinct = []
    for column in columns:
        seen[column] = seen.get(column, 0) + 1
        distinct.append(column if seen[column] == 1 else f"{column} ({seen[column]})")
    return tuple(distinct)
