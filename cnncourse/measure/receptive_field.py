"""What a unit of each layer can see of the image, and how far apart its neighbours look."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from cnncourse.measure.reach import Along, Plain, Reach, Same, Seen
from cnncourse.measure.reach_calls import Axes, Call
from cnncourse.measure.reach_rules import seen_by_result
from cnncourse.measure.shadow import Shapes, is_layer, measure_on_meta, plain_network, shapes_of_inputs
from cnncourse.measure.shapes_alone import LightDispatchMode

WINDOWS = ("convolution", "max_pool", "avg_pool", "adaptive_max_pool", "adaptive_avg_pool")  # beginnings of names


@dataclass(frozen=True)
class ReceptiveField:
    """What one unit of a layer sees.

    Attributes:
        name: the layer.
        size: sides of the patch of the image that the unit in the middle depends on, in pixels, as (height, width);
            ``None`` where it is not known. The image's own sides, if every unit sees all of it.
        stride: (down, right) distance in the image between what two neighbouring units see, in pixels: 0 where both see
            all of it, a fraction behind up-sampling; ``None`` where it is not known.

    """

    name: str
    size: tuple[int, ...] | None
    stride: tuple[int | float, ...] | None


def receptive_field(model: nn.Module, input_shape: Shapes) -> tuple[ReceptiveField, ...]:
    """Work out the receptive field of every convolution and pooling window, in the order in which they are called.

    Sizes are those far from the border: padding lets units near it see less. Where branches meet, all that one of them
    sees counts, and so does all that any channel at a place sees. Behind global pooling, attention or a normalisation
    over the image, a unit sees all of it. Weights and masks count as if nothing in them were zero.

    Args:
        model: any network that runs on one image; it need not be traceable.
        input_shape: shape of one image: (channels, height, width), or with another number of sides; a sequence of
            shapes for a network of several inputs, of which the first that has sides counts, and all like it.

    Raises:
        ValueError: if the network does not take such images, or what it does depends on the numbers in them.

    """
    return tuple(_watched(model, input_shape).windows)


def receptive_field_by_call(model: nn.Module, input_shape: Shapes) -> dict[str, ReceptiveField]:
    """Work out the receptive field of what each module returns.

    Args:
        model: any network that runs on one image.
        input_shape: shape of one image: (channels, height, width).

    Returns:
        The field by the call's name in a trace: the module's, with "@1", "@2" … behind it from the second call on.

    Raises:
        ValueError: if the network does not take such images, or what it does depends on the numbers in them.

    """
    return _watched(model, input_shape).by_call


def _watched(model: nn.Module, input_shape: Shapes) -> "_Watcher":
    model = plain_network(model, input_shape)
    names = {module: name for name, module in model.named_modules() if module is not model}
    sides = next((shape[1:] for shape in shapes_of_inputs(input_shape) if len(shape) > 1), ())
    watcher = _Watcher(names, sides)
    hooks = [model.register_forward_pre_hook(watcher.begin)]
    hooks += [module.register_forward_pre_hook(watcher.enter) for module in names]
    hooks += [module.register_forward_hook(watcher.leave) for module in names]
    try:
        measure_on_meta(model, input_shape, watch=watcher)
    finally:
        for hook in hooks:
            hook.remove()
    return watcher


class _Watcher(LightDispatchMode):
    """Follows an image through a network, operation by operation."""

    def __init__(self, names: Mapping[nn.Module, str], sides: tuple[int, ...]) -> None:
        super().__init__()
        self.names, self.sides = names, sides
        self.seen: dict[int, tuple[Tensor, Axes]] = {}  # by the tensor's identity; holding it keeps that its own
        self.calls: Counter[nn.Module] = Counter()
        self.running: list[tuple[nn.Module, str]] = []
        self.made: Counter[str] = Counter()
        self.windows: list[ReceptiveField] = []
        self.by_call: dict[str, ReceptiveField] = {}

    def begin(self, _model: nn.Module, arguments: tuple) -> None:
        """Begin with the image, and all inputs of its sides: each of its pixels sees itself."""
        for images in arguments if not self.seen else ():  # a network may call itself
            if isinstance(images, Tensor) and tuple(images.shape[2:]) == self.sides:
                axes = tuple(Plain(2 + axis, side, 1, (0,), (0,)) for axis, side in enumerate(self.sides))
                self.seen[id(images)] = (images, axes)

    def enter(self, module: nn.Module, _arguments: tuple) -> None:
        """Note that a module begins."""
        name, call = self.names[module], self.calls[module]
        self.calls[module] += 1
        self.running.append((module, f"{name}@{call}" if call else name))

    def leave(self, _module: nn.Module, _arguments: tuple, result: object) -> None:
        """Note what the units of a module's result see."""
        _, call = self.running.pop()
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and id(tensor) in self.seen:
                self.by_call[call] = self._field(call, tensor)
                return

    def __torch_dispatch__(
        self, operation: torch._ops.OpOverload, types: tuple, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        result = operation(*args, **(kwargs or {}))
        given = [each for each in tree_leaves((args, kwargs or {})) if isinstance(each, Tensor)]
        tracked = [self.seen[id(each)] for each in given if id(each) in self.seen]
        results = [each for each in tree_leaves(result) if isinstance(each, Tensor)]
        if not tracked or not results:
            return result
        call = Call(operation, args, kwargs or {}, tracked, tuple(results[0].shape))
        axes = seen_by_result(call, operation)
        for each in results:
            self.seen[id(each)] = (each, axes)
        if operation._schema.is_mutable:
            self._forget_those_that_share(results[0])
        if operation.overloadpacket.__name__.strip("_").startswith(WINDOWS):
            self.windows.append(self._field(self._window_name(operation), results[0]))
        return result

    def _forget_those_that_share(self, changed: Tensor) -> None:
        """Note that nothing is known any more of tensors of which a changed one is a part, or which are parts of it."""
        base = changed if changed._base is None else changed._base
        if base is not changed:
            self.seen[id(base)] = (base, tuple(Reach.UNKNOWN for _ in self.sides))
        for each, axes in list(self.seen.values()):
            if each is not changed and (each is base or each._base is base):
                self.seen[id(each)] = (each, tuple(Reach.UNKNOWN for _ in axes))

    def _window_name(self, operation: torch._ops.OpOverload) -> str:
        """Name a window by the layer that it belongs to, or by its own kind and the module around it."""
        module, call = self.running[-1] if self.running else (None, "")
        if module is not None and is_layer(module):
            return self.names[module]
        kind = operation.overloadpacket.__name__.strip("_").partition("_with")[0]
        name = f"{call}.{kind}" if call else kind
        self.made[name] += 1
        return name if self.made[name] == 1 else f"{name}_{self.made[name] - 1}"

    def _field(self, name: str, tensor: Tensor) -> ReceptiveField:
        _, axes = self.seen[id(tensor)]
        sizes = [self._size(seen, side, tensor) for seen, side in zip(axes, self.sides, strict=True)]
        strides = [_stride(seen) for seen in axes]
        return ReceptiveField(
            name, None if None in sizes else tuple(sizes), None if None in strides else tuple(strides)
        )

    def _size(self, seen: Seen, side: int, tensor: Tensor) -> int | None:
        match seen:
            case Plain(dim=dim):
                return seen.size(tensor.shape[dim])
            case Along(pixels=pixels):
                return pixels
            case Same(first=first, last=last):
                return last - first + 1
        return side if seen is Reach.WHOLE else None


def _stride(seen: Seen) -> int | float | None:
    if isinstance(seen, Plain):
        return seen.stride
    return 0 if seen is Reach.WHOLE or isinstance(seen, Same) else None
