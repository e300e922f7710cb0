"""What is registered in a module, read from where torch keeps it: its methods may be an answer's own, and hide some."""

from torch import Tensor, nn

Path = tuple[()] | tuple["Path", str]  # to the module that holds something, and its name there


def registered_parameters(module: nn.Module) -> list[nn.Parameter]:
    """Return all parameters of a module and of those within it, each once, in the order of ``named_parameters``."""
    registered = (within.__dict__.get("_parameters", {}) for within in registered_modules(module))
    return list({id(each): each for some in registered for each in some.values() if each is not None}.values())


def registered_buffers(module: nn.Module) -> dict[Path, Tensor]:
    """Return all buffers of a module and of those within it, each once, by the way to it."""
    first: dict[int, tuple[Path, Tensor]] = {}
    for path, within in _with_ways(module):
        for name, buffer in within.__dict__.get("_buffers", {}).items():
            if buffer is not None:
                first.setdefault(id(buffer), ((path, name), buffer))
    return dict(first.values())


def registered_modules(module: nn.Module) -> list[nn.Module]:
    """Return a module and those within it, each once."""
    # A list of what is left, not a call for each module: every run of an examination looks through them.
    found: dict[int, nn.Module] = {}
    left = [module]
    while left:
        within = left.pop()
        if id(within) not in found:
            found[id(within)] = within
            children = within.__dict__.get("_modules")
            if children:
                left += [child for child in reversed(children.values()) if child is not None]
    return list(found.values())


def _with_ways(module: nn.Module) -> list[tuple[Path, nn.Module]]:
    """Return a module and those within it, each once, with the way to it."""
    seen: set[int] = set()
    found: list[tuple[Path, nn.Module]] = []
    left: list[tuple[Path, nn.Module]] = [((), module)]
    while left:
        path, within = left.pop()
        if id(within) in seen:
            continue
        seen.add(id(within))
        found.append((path, within))
        children = within.__dict__.get("_modules")
        if children:
            left += [((path, name), child) for name, child in reversed(children.items()) if child is not None]
    return found
