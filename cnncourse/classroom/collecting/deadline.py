"""Times as people and platforms write them."""

import re
import unicodedata
from datetime import datetime, time, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil import parser

# Hours from Greenwich of abbreviations, as they are mostly meant where courses are taught.
ZONES = {
    **{"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2},
    **{"EET": 2, "EEST": 3, "MSK": 3, "HKT": 8, "SGT": 8, "JST": 9, "KST": 9, "AWST": 8, "AEST": 10, "AEDT": 11},
    **{"NZST": 12, "NZDT": 13, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7},
    **{"AKST": -9, "AKDT": -8, "HST": -10, "BRT": -3, "ART": -3},
}
IN_SECONDS = {name: hours * 3600 for name, hours in ZONES.items()}
CALENDAR = parser.parserinfo()  # knows the names of months and days
# What dateutil puts in where a text says nothing, twice: what is then the same is what the text says.
NOTHING_SAID = datetime(2000, 1, 1, 0, 0), datetime(2001, 2, 2, 13, 0)
DAY_OR_MONTH = re.compile(r"\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b")
# Moodle writes the month as a word, in the teacher's language; without accents, a number for each word that is known.
MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "january januar jaenner janvier enero gennaio janeiro januari",
            "february februar fevrier febrero febbraio fevereiro februari",
            "march marz mars marzo marco maart",
            "april avril abril aprile",
            "may mai mayo maggio maio mei maj",
            "june juni juin junio giugno junho",
            "july juli juillet julio luglio julho",
            "august aout agosto augustus augusti",
            "september septembre septiembre setiembre settembre setembro",
            "october oktober octobre octubre ottobre outubro",
            "november novembre noviembre novembro",
            "december dezember decembre diciembre dicembre dezembro desember",
        ),
        start=1,
    )
    for word in words.split()
}
SHORTEST_MONTH = 3  # letters
# "lunes, 30 de noviembre de 2026, 10:00", "Montag, 30. November 2026, 10:00 Uhr"
IN_WORDS = re.compile(
    r"(?:[^\W\d]+(?:-feira)?\.?,? +(?:den |le |el )?)?(?P<day>\d{1,2})(?:\.|er|º)? +(?:de )?"
    r"(?P<month>[^\W\d]+)\.?,? +(?:de |del )?(?P<year>\d{4})"
    r"(?P<rest>(?:,? *(?:um|a las|as|à|às|alle|ore|om|kl\.?)?(?= *\d))?.*?)(?: Uhr)?",
    re.I | re.S,
)
IN_SIGNS = re.compile(r"(\d{4})年 ?(\d{1,2})月 ?(\d{1,2})日(?: ?\([^)]*\))?")  # as in China and Japan


def read_time(text: str, *, of_day: time = time(), zone: tzinfo | None = None) -> datetime:
    """Read a time with its zone: "2026-11-30 18:00 CET", "30 November 2026 6 pm", "… Europe/Berlin", "… +0100".

    Args:
        text: the year comes first, or the month is written as a word, in one of the languages of ``MONTHS``.
        of_day: the time of day, if the text gives none.
        zone: if the text names none; ``None`` for that of this machine.

    Raises:
        ValueError: if it is no whole date, or its zone is not known.

    """
    text = IN_SIGNS.sub(r"\1-\2-\3", _in_numbers(" ".join(text.split())))
    # What everybody means by UTC+1 is the opposite of what POSIX, and with it the parser, does.
    text = re.sub(r"(?<![/\w])(?:UTC|GMT) ?(?=[+-]\d)", "", text)
    words, _, last = text.rpartition(" ")
    if "/" in last and not last[0].isdigit():
        try:
            zone, text = ZoneInfo(last), words
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"no time zone is called {last!r}") from error
    for word in re.findall(r"\b[A-Z]{3,5}\b", text):
        if word not in ZONES and CALENDAR.month(word) is None and CALENDAR.weekday(word) is None:
            raise ValueError(f"no time zone is called {word!r}; say +01:00, or Europe/Berlin")
    if DAY_OR_MONTH.search(text):
        raise ValueError(f"{text!r} is no time that everybody reads alike; say, for example, 2026-11-30 18:00")
    try:
        read, other = (parser.parse(text, default=default, tzinfos=IN_SECONDS) for default in NOTHING_SAID)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no time; say, for example, 2026-11-30 18:00") from error
    if read.date() != other.date():
        raise ValueError(f"{text!r} is no time: the day, the month or the year is missing")
    if read.hour != other.hour:
        read = datetime.combine(read.date(), of_day, read.tzinfo)
    if read.tzinfo is None:
        # Of this place on that day: summer time is not that of today.
        read = read.replace(tzinfo=zone) if zone else read.astimezone()
    return read


def _in_numbers(text: str) -> str:
    """Return a time with the year first if its month is a word that is known, and otherwise as it is."""
    found = IN_WORDS.fullmatch(text)
    if found is None:
        return text
    letters = unicodedata.normalize("NFKD", found["month"].casefold())
    word = "".join(sign for sign in letters if not unicodedata.combining(sign))
    numbers = (
        {number for month, number in MONTHS.items() if month.startswith(word)} if len(word) >= SHORTEST_MONTH else ()
    )
    if len(numbers) != 1:
        return text
    rest = re.sub(r"^[^\d+-]*(?=\d)", " ", found["rest"])
    return f"{found['year']}-{next(iter(numbers)):02}-{int(found['day']):02}{rest}"


def deadline(text: str) -> datetime:
    """Read a deadline; a date alone means the end of that day, and no zone means that of this machine.

    Raises:
        ValueError: if it is no whole date, or its zone is not known.

    """
    return read_time(text, of_day=time(23, 59, 59))


def shown(moment: datetime) -> str:
    """Return a time with its zone, for a page: "30 November 2026, 23:59 CET (UTC+01:00)"."""
    offset = moment.strftime("%z")
    name = moment.tzname() or ""
    zone = f"{name} (UTC{offset[:3]}:{offset[3:5]})" if name and not name.startswith(("UTC", "+", "-")) else ""
    return f"{moment.day} {moment:%B %Y, %H:%M} {zone or f'UTC{offset[:3]}:{offset[3:5]}'}"
