"""The command ``cnncourse``."""

import io
import os
import sys

from cnncourse.commands.arguments import Commands
from cnncourse.commands.instructor import add_instructors_commands
from cnncourse.commands.learner import add_learners_commands
from cnncourse.commands.trained import add_trained_networks_commands


def command_line() -> Commands:
    """Return all commands with their options."""
    commands = Commands("Convolutional networks from LeNet-5 to ResNeXt.")
    add_learners_commands(commands)
    add_trained_networks_commands(commands)
    add_instructors_commands(commands)
    return commands


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                errors="replace"
            )  # a terminal in an old code page knows no “×”, and need not fail for it
    options = command_line().parser.parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("interrupted; nothing was left half done", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever reads has read enough, as in “cnncourse progress | head”; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (LookupError, ValueError, ImportError, FloatingPointError) as error:
        print(f"cnncourse: {error.args[0]}", file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a missing file, a network that is down: its words name the file
        print(f"cnncourse: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
