"""Commands with their options, listed in groups; and questions before something is overwritten."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class Commands:
    """A parser whose help lists the commands in groups.

    Args:
        description: of the program.

    """

    def __init__(self, description: str) -> None:
        self.parser = argparse.ArgumentParser(
            prog="cnncourse",
            description=description,
            usage="cnncourse command …   (cnncourse command --help tells its options)",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            epilog="",
        )
        self._commands = self.parser.add_subparsers(prog="cnncourse", dest="command", required=True, metavar="command")
        # argparse knows no groups of commands: the list is our own, below its help.
        self._commands.help = argparse.SUPPRESS

    @property
    def parsers(self) -> Mapping[str, argparse.ArgumentParser]:
        """Each command's own parser, by its name."""
        return self._commands.choices

    def group(self, title: str) -> None:
        """Begin a group."""
        self.parser.epilog += f"\n{title}:\n"

    def add(self, name: str, run: Callable[[argparse.Namespace], int], words: str) -> argparse.ArgumentParser:
        """Add a command to the last group, and return its parser.

        Args:
            name: of the command.
            run: does it and returns the exit status.
            words: what it does, for the help.

        """
        self.parser.epilog += f"  {name:<16} {words}\n"
        command = self._commands.add_parser(name, description=f"{words[0].upper()}{words[1:]}.")
        command.set_defaults(run=run)
        return command


def positive(text: str) -> int:
    """Read a number of 1 or more."""
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of 1 or more")
    return int(text)


def add_yes(command: argparse.ArgumentParser) -> None:
    """Add the option that answers the question of ``agreed`` beforehand."""
    command.add_argument("--yes", action="store_true", help="do not ask; what is replaced is kept under another name")


def agreed(files: Sequence[Path], options: argparse.Namespace) -> bool:
    """Ask whether files may be replaced, of which each is kept under another name.

    Raises:
        ValueError: if there is nobody to answer.

    """
    if not files or options.yes:
        return True
    print("These differ from what the course handed out; each would be kept under another name, and replaced:")
    for file in files:
        print(f"    {file}")
    if not sys.stdin.isatty():
        raise ValueError("nothing was done, because nobody can be asked here; --yes says it beforehand")
    return input("Go on? [y/N] ").strip().lower() in ("y", "yes")
