"""Names that learners chose, made fit for file names and for pages."""

import hashlib
import unicodedata
from collections.abc import Iterable

LONGEST_FILE_NAME = 80  # bytes, which leaves room for an ending on every file system
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")}


def plain_text(text: str, longest: int = 80) -> str:
    """Return a text on one line, of visible characters only and at most so long; pages must still escape it."""
    # Categories C: control characters, marks that turn the direction of writing, halves of characters.
    visible = "".join("\ufffd" if unicodedata.category(c)[0] == "C" and not c.isspace() else c for c in text)
    line = " ".join(visible.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def file_names(keys: Iterable[str]) -> dict[str, str]:
    """Give every key a name that is safe as a file's, and differs from the others' in more than case.

    A key that is safe already keeps its name, unless it differs from another such key in case only.

    Args:
        keys: whatever identifies learners.

    """
    wanted = {key: _safe(key) for key in sorted(set(keys))}
    claims: dict[str, list[str]] = {}
    for key, name in wanted.items():
        claims.setdefault(_folded(name), []).append(key)
    names, taken = {}, set()
    for folded, claimants in claims.items():
        unchanged = [key for key in claimants if wanted[key] == key]
        owner = claimants if len(claimants) == 1 else unchanged if len(unchanged) == 1 else []
        for key in owner:
            names[key] = wanted[key]
            taken.add(folded)
    for key, name in wanted.items():
        if key not in names:
            names[key] = _distinct(name, key, taken)
    return names


def _distinct(name: str, key: str, taken: set[str]) -> str:
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    for length in range(6, len(digest)):
        candidate = f"{name}-{digest[:length]}"
        if _folded(candidate) not in taken:
            break
    taken.add(_folded(candidate))
    return candidate


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _safe(key: str) -> str:
    composed = unicodedata.normalize("NFC", key)
    name = "".join(c if c.isalnum() or c in "-_.@+" else "_" for c in composed)
    name = name.encode("utf-8")[:LONGEST_FILE_NAME].decode("utf-8", "ignore").lstrip("-.@+").rstrip(".")
    if not name.strip("_"):
        name = "learner"
    return f"learner-{name}" if name.partition(".")[0].casefold() in RESERVED else name
