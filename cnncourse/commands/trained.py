"""The commands for trained networks: show them a picture, train one at full size, say how good it is."""

import argparse
from pathlib import Path

from cnncourse.commands.arguments import Commands


def add_trained_networks_commands(commands: Commands) -> None:
    """Add what is typed to use trained networks, and to train them at full size."""
    commands.group("to use trained networks, and to train them at full size")
    classify = commands.add("classify", _classify, "show pictures to a trained network: guesses, and where it looks")
    classify.add_argument("pictures", nargs="+", type=Path, metavar="picture", help="a file that Pillow can read")
    _add_network(classify)
    classify.add_argument(
        "--to", type=Path, metavar="folder", default=Path("classified"), help="where it is drawn (classified)"
    )


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
        drawn = found.save(options.to / f"{path.stem}-{options.model}.png")
        print(f"{'' if number == 0 else chr(10)}{path}, by {network.name}; drawn in {drawn}\n{found}")
    if failed:
        raise OSError("; ".join(failed))
    return 0
