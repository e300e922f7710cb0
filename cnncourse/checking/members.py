"""What is registered in a module, read from where torch keeps it: its methods may be an answer's own, and hide some."""

from collections.abc import Iterator

from torch import Tensor, nn


def registered_parameters(module: nn.Module) -> list[nn.Parameter]:
    """Return all parameters of a module and of those within it, each once, in the order of ``named_parameters``."""
    return list({id(each): each for each in _registered(module, "_parameters").values()}.values())


def registered_buffers(module: nn.Module) -> dict[str, Tensor]:
    """Return all buffers of a module and of those within it, each once, by name."""
    first: dict[int, str] = {}
    buffers = _registered(module, "_buffers")
    for name, buffer in buffers.items():
        first.setdefault(id(buffer), name)
    return {name: buffers[name] for name in first.values()}


def registered_modules(module: nn.Module) -> list[nn.Module]:
    """Return a module and those within it, each once."""
    return [within for _, within in _modules(module, "", set())]


def _registered(module: nn.Module, kind: str) -> dict[str, Tensor]:
    return {
        f"{path}{name}": member
        for path, within in _modules(module, "", set())
        for name, member in vars(within).get(kind, {}).items()
        if member is not None
    }


def _modules(module: nn.Module, path: str, seen: set[int]) -> Iterator[tuple[str, nn.Module]]:
    """Yield a module and those within it, each once, with the beginning of its members' names."""
    if id(module) in seen:
        return
    seen.add(id(module))
    yield path, module
    for name, child in vars(module).get("_modules", {}).items():
        if child is not None:
            yield from _modules(child, f"{path}{name}.", seen)
