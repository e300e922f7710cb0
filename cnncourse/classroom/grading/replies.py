"""What a worker says of a notebook, read without trusting it."""

from dataclasses import dataclass

from cnncourse.classroom.grading.assignment import Assignment


@dataclass(frozen=True)
class Run:
    """What running a notebook's cells gave: for each part the number of definitions, or what its cell raised."""

    found: dict[str, int]
    failures: dict[str, dict]
    remarks: tuple[str, ...]
    attention: tuple[str, ...]


def read_run(head: dict, assignment: Assignment) -> Run:
    """Read what a worker says about a notebook, trusting nothing."""
    found, failures = head.get("found"), head.get("failures")
    found = found if isinstance(found, dict) else {}
    failures = failures if isinstance(failures, dict) else {}
    names = [part.name for part in assignment.asked]
    return Run(
        found={name: min(found[name], 3) for name in names if type(found.get(name)) is int},
        failures={
            name: {key: read_text(failures[name].get(key)) for key in ("type", "text", "line")}
            for name in names
            if isinstance(failures.get(name), dict)
        },
        remarks=_texts(head.get("remarks")),
        attention=_texts(head.get("attention")),
    )


def read_sources(head: dict, assignment: Assignment) -> dict[str, str]:
    """Return what of a notebook's cells the learner wrote, by part; none of them has run yet."""
    handed_out, names = set(assignment.handed_out.values()), [part.name for part in assignment.asked]
    written: dict[str, list[str]] = {}
    for answers, source in head["cells"]:
        if source not in handed_out:
            written.setdefault(answers if answers in names else "", []).append(source.strip("\n"))
    return {name: "\n".join(sources) for name, sources in written.items()}


def read_text(value: object) -> str:
    """Return a text, cut where no message is longer; "" for what is none."""
    return value[:400] if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(read_text(item) for item in value[:40]) if isinstance(value, list) else ()
