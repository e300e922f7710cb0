"""The commands for trained networks: show them a picture, train one at full size, say how good it is."""

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cnncourse.commands.arguments import Commands, positive

if TYPE_CHECKING:
    from cnncourse.full_size.step import Computing


def add_trained_networks_commands(commands: Commands) -> None:
    """Add what is typed to use trained networks, and to train them at full size."""
    commands.group("to use trained networks, and to train them at full size")
    classify = commands.add("classify", _classify, "show pictures to a trained network: guesses, and where it looks")
    classify.add_argument("pictures", nargs="+", type=Path, metavar="picture", help="a file that Pillow can read")
    _add_network(classify)
    classify.add_argument(
        "--to", type=Path, metavar="folder", default=Path("classified"), help="where it is drawn (classified)"
    )

    judge = commands.add("evaluate", _evaluate, "judge a trained network by a folder of pictures: top-1 and top-5")
    judge.add_argument("--data", type=Path, required=True, metavar="folder", help="with a folder a class")
    _add_network(judge)
    judge.add_argument("--crops", type=int, choices=(1, 10), default=1, help="of each picture: its centre, or ten (1)")
    judge.add_argument("--batch-size", type=positive, default=64, help="pictures at once (64)")
    _add_computing(judge)

    _add_train(commands)


def _add_train(commands: Commands) -> None:
    train = commands.add("train", _train, "train a network on a folder of pictures; go on after an interruption")
    # A formatter that keeps lines as they are: the launcher's is to be copied.
    train.formatter_class = argparse.RawDescriptionHelpFormatter
    train.epilog = (
        "Ctrl-C and SIGTERM keep all that is done, and the same command goes on. With several graphics cards:\n"
        "  torchrun --standalone --nproc-per-node=4 --max-restarts=3 -m cnncourse.cli train …"
    )
    train.add_argument("model", help='such as "resnet-50"')
    train.add_argument("--data", type=Path, metavar="folder", help="with train/CLASS/PICTURE.jpg and val/CLASS/…")
    train.add_argument("--to", type=Path, metavar="folder", help="where the run is kept (runs/MODEL)")
    train.add_argument("--dry-run", action="store_true", help="time a few steps, write nothing; works without --data")

    what = train.add_argument_group("what is trained, and how")
    what.add_argument("--variant", help="one of the network's variants")
    what.add_argument("--small", action="store_true", help="its form for 32×32 images, for small budgets")
    what.add_argument("--recipe", metavar="name", help='"modern", or another network\'s (that of its own paper)')
    what.add_argument("--size", type=positive, metavar="pixels", help="height and width that the network sees")
    what.add_argument("--epochs", type=positive, help="instead of the recipe's")
    what.add_argument("--batch-size", type=positive, help="instead of the recipe's; the rate changes in proportion")
    what.add_argument("--rate", type=float, help="highest learning rate, instead of the recipe's")
    what.add_argument(
        "--warm-up", type=float, metavar="epochs", help="in which the rate rises, instead of the recipe's"
    )
    what.add_argument(
        "--averaging", type=float, metavar="decay", help="of averaged weights, such as 0.9999; 0 for none"
    )
    what.add_argument("--seed", type=int, default=0, help="decides all that is drawn at random (0)")

    how = train.add_argument_group("how it is run")
    how.add_argument(
        "--accumulate", type=positive, default=1, metavar="parts", help="divide a batch, to save memory (1)"
    )
    how.add_argument(
        "--snapshot-every", type=positive, default=1000, metavar="steps", help="besides each epoch's (1000)"
    )
    how.add_argument("--keep", type=positive, default=3, metavar="number", help="of snapshots (3)")
    how.add_argument("--note-every", type=positive, default=20, metavar="steps", help="a line of steps.csv (20)")
    how.add_argument("--tensorboard", action="store_true", help="write its events, too (extra “viz”)")
    _add_computing(how)


def _add_computing(command: argparse._ActionsContainer) -> None:
    """Add what changes how fast it is, and the result by rounding only."""
    command.add_argument("--precision", choices=("fp32", "bf16", "fp16"), default="fp32", help="of numbers (fp32)")
    command.add_argument(
        "--channels-last", action=argparse.BooleanOptionalAction, default=True, help="layout in memory (yes)"
    )
    command.add_argument("--compile", action="store_true", help="compile the network first, which takes a minute")
    command.add_argument("--workers", type=int, help="loading processes (one a core, eight at most)")
    command.add_argument("--device", help='"cpu", "cuda" (a graphics card if there is one)')


def _add_network(command: argparse.ArgumentParser) -> None:
    """Add what says which weights are meant."""
    command.add_argument("--model", default="resnet-50", metavar="name", help="with published weights (resnet-50)")
    command.add_argument("--source", choices=("torchvision", "timm"), help="whose weights, where both publish some")
    command.add_argument(
        "--weights", type=Path, metavar="file", help="the publisher's file, or network.pt of a run; else downloaded"
    )


def _classify(options: argparse.Namespace) -> int:
    from cnncourse.weights.classify import classify
    from cnncourse.weights.trained import trained_network

    network = trained_network(options.model, options.source, options.weights)
    failed = []
    for number, path in enumerate(options.pictures):
        try:
            found = classify(path, network)
        except OSError as error:
            failed.append(str(error))
            continue
        drawn = found.save(options.to / f"{path.stem}-{network.name.split()[0]}.png")
        print(f"{'' if number == 0 else chr(10)}{path}, by {network.name}; drawn in {drawn}\n{found}")
    if failed:
        raise OSError("; ".join(failed))
    return 0


def _computing(options: argparse.Namespace) -> "Computing":
    from cnncourse.full_size.step import Computing

    return Computing(options.precision, options.channels_last, options.compile, getattr(options, "accumulate", 1))


def _workers(options: argparse.Namespace) -> int:
    from cnncourse.full_size.evaluation import usual_workers

    return usual_workers() if options.workers is None else options.workers


def _evaluate(options: argparse.Namespace) -> int:
    from cnncourse.full_size.evaluation import evaluate
    from cnncourse.weights.trained import trained_network

    network = trained_network(options.model, options.source, options.weights)
    accuracy = evaluate(
        network,
        options.data,
        crops=options.crops,
        batch_size=options.batch_size,
        workers=_workers(options),
        computing=_computing(options),
        device=options.device,
    )
    if os.environ.get("RANK", "0") == "0":
        print(f"{network.name}: {accuracy}")
    for path in accuracy.left_out:
        print(f"  {path} cannot be read, and was left out")
    return 0


def _train(options: argparse.Namespace) -> int:
    from cnncourse.full_size.dry_run import dry_run
    from cnncourse.full_size.settings import Running, settings_for
    from cnncourse.full_size.train import train

    named = ("recipe", "variant", "small", "size", "epochs", "batch_size", "rate", "warm_up", "averaging", "seed")
    settings = settings_for(options.model, **{name: getattr(options, name) for name in named})
    running = Running(
        _workers(options),
        _computing(options),
        options.snapshot_every,
        options.keep,
        options.note_every,
        options.tensorboard,
        options.device,
    )
    speaks = os.environ.get("RANK", "0") == "0"
    if speaks:
        print(f"{options.recipe or settings.model}: {settings.recipe.source}. {settings.recipe.differs}".strip())
        _tell_launcher(options)
    if options.dry_run:
        told = dry_run(settings, options.data, running)
        if speaks:
            print(told)
        return 0
    if options.data is None:
        raise ValueError("--data FOLDER is needed to train; --dry-run works without")
    to = options.to or Path("runs") / (settings.variant or settings.model)
    outcome = train(settings, options.data, to, running)
    if speaks:
        if outcome.accuracy is None:
            print(f"stopped after step {outcome.step:,}, which is kept in {to}: the same command goes on from there")
        else:
            print(f"{outcome.accuracy}; the best network is {to}/network.pt")
        if outcome.left_out:
            print(f"{outcome.left_out} pictures could not be read and were left out: {to}/left-out.txt names them")
    return outcome.exit_status


def _tell_launcher(options: argparse.Namespace) -> None:
    """Say what to type where there are several graphics cards, and one process would use one of them."""
    import torch

    from cnncourse.full_size.processes import launcher_line

    cards = torch.cuda.device_count() if options.device in (None, "cuda") else 0
    if "WORLD_SIZE" not in os.environ and cards > 1:
        line = launcher_line([shlex.quote(word) for word in sys.argv[1:]], cards)
        print(f"This uses one of {cards} graphics cards. To use all of them:\n    {line}")
