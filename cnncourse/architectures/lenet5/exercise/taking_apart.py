"""Find out from outside which of a learner's trainable numbers belongs to which layer, and what each layer does.

Only outputs, gradients and parameters are looked at: how the extractor is written does not matter, nor where it runs.
Zeros, small numbers and single connections are put into the layers until only one unknown is left between what is put
in and what comes out.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from cnncourse.checking import Fault
from cnncourse.checking.exercise import RefusedAnswerError
from cnncourse.checking.probing import fill_with_random_numbers, kept_out, run

LAYERS = ("C1", "S2", "C3", "S4", "C5")
C3_MAPS, S2_MAPS, C5_MAPS = 16, 6, 120
# Where a squashing function is a mere factor, to three digits, and where rounding still leaves as many.
SMALL = 0.03
ACTIVATIONS = (SMALL, -3.0, 1.0)  # what every squashing function is asked for
REACH = 12  # rows and columns of the image on which one unit of S4 depends


class TakenApart:
    """A learner's extractor whose layers have been told apart.

    Args:
        features: the extractor; it must have run once, because lazy layers have no weights before.
        digit: a picture of shape (1, 1, 32, 32).

    Raises:
        RefusedAnswerError: if its layers cannot be told apart.

    """

    def __init__(self, features: nn.Module, digit: Tensor) -> None:
        self.features = features
        self.numbers = [parameter for parameter in features.parameters() if parameter.requires_grad]
        self.kept_out = [kept_out(number) for number in self.numbers]
        fill_with_random_numbers(features, largest=0.2)
        self.random = [number.detach().clone() for number in self.numbers]
        self.now: dict[int, float] = {}  # which numbers hold one value throughout
        self.dark = torch.zeros_like(digit)

        self.c1_weight = self._only(self._without_gradient(), 6 * 25)
        self.c5_weight, self.c5_bias = self._only(None, 120 * 400), self._only(None, C5_MAPS)
        self.read_s4 = {self.c5_weight: self._one_to_one(SMALL), self.c5_bias: 0.0}
        self.s4_bias = self._only(self._that_show_alone(), C3_MAPS)
        self.read_s4[self.s4_bias] = 0.0
        self.s4_coefficient = self._only(self._that_shut_s4(), C3_MAPS)
        small = [number for number, values in enumerate(self.numbers) if values.numel() == S2_MAPS]
        self.s2_bias = self._only(self._that_show_without(small), S2_MAPS)
        self.s2_coefficient = self._only(self._that_hide(digit, small), S2_MAPS)
        self._only(set(small) - {self.s2_bias, self.s2_coefficient}, S2_MAPS)  # what is left must be C1's bias
        known = {self.c1_weight, self.c5_weight, self.c5_bias, self.s4_bias, self.s4_coefficient, *small}
        self.c3 = [number for number in range(len(self.numbers)) if number not in known]

    def connected(self) -> Tensor:
        """Return which of S2's maps feeds which of C3's, of shape (16, 6)."""
        settings = self._read_c3(0.25) | self._c3_all(1e-3)
        dark = self._output(settings, rest=0.0)
        lit = [self._output(settings | {self.s2_bias: row}, rest=0.0) for row in torch.eye(S2_MAPS)]
        change = (torch.stack(lit, dim=1) - dark.unsqueeze(1))[:C3_MAPS].abs()
        return change > 1e-3 * change.max()

    def curves(self, connected: Tensor) -> dict[str, list[list[float]]]:
        """Return what every layer's squashing function makes of ``ACTIVATIONS``: a list for each, one value a map.

        From the last layer to the first: what lies behind a layer is kept small, so that it is a factor already known.

        Args:
            connected: as ``connected`` gives it.

        """
        asked = torch.tensor(ACTIVATIONS)
        c5 = self._output({self.c5_bias: _padded(asked, C5_MAPS)}, rest=0.0)[: len(asked)]
        behind_s4 = c5[0] / SMALL

        weight = 0.01
        settings = {self.c5_weight: self._one_to_one(weight), self.s4_bias: _padded(asked, C3_MAPS)}
        s4 = self._output(settings, rest=0.0)[: len(asked)] / (behind_s4 * weight)
        behind_c3 = behind_s4 * 4 * s4[0] / SMALL  # a dark picture gives four values of a kind in each window

        coefficient = 0.003
        c3 = self._asked(lambda value: self._read_c3(coefficient) | self._c3_all(value)) / (behind_c3 * coefficient)

        # With one and the same number for all of C3's weights and biases, a C3 map is that number, times 25 for each
        # S2 map it sees, plus once for its bias.
        fan_in = 25.0 * connected.sum(dim=1)
        seen = fan_in > 0
        behind_c3 = behind_c3 * c3[0].mean() / SMALL

        coefficient, weight = 0.25, 1e-4
        settings = self._read_c3(coefficient) | self._c3_all(weight)
        s2 = self._asked(lambda value: settings | {self.s2_bias: value}) / (behind_c3 * coefficient * weight) - 1
        s2 = (s2 / fan_in)[:, seen]

        weight, s2_coefficient = 0.005, 0.003
        # Where C1's kernels pass on one pixel as it is, a picture of one brightness puts that number everywhere.
        settings = self._read_c3(coefficient) | self._c3_all(weight) | {self.s2_coefficient: s2_coefficient}
        bright = asked.view(-1, 1, 1, 1).expand(-1, *self.dark.shape[1:])
        outputs = self._output(settings | {self.c1_weight: _one_pixel()}, rest=0.0, images=bright)
        c1 = outputs.view(len(asked), -1)[:, :C3_MAPS] / (behind_c3 * coefficient * weight) - 1
        c1 = (c1 / fan_in)[:, seen] / (4 * s2_coefficient * s2[0].mean() / SMALL)
        return {
            layer: values.reshape(len(ACTIVATIONS), -1).tolist()
            for layer, values in zip(LAYERS, (c1, s2, c3, s4, c5), strict=True)
        }

    def reach_of_s4(self, faint: Tensor) -> Tensor:
        """Return how much each pixel of a faint picture adds to the first place of S4, all kernels alike: (32, 32)."""
        settings = self._c3_all(1e-3) | {
            self.c1_weight: _one_pixel(),
            self.s2_coefficient: 1.0,
            self.s4_coefficient: 1.0,
        }
        settings[self.c5_weight] = self._one_to_one(1.0, place=(0, 0))
        image = (1e-3 * faint).requires_grad_()
        output = self._output(settings, rest=0.0, images=image, gradients=True)
        return torch.autograd.grad(output[:C3_MAPS].sum(), image)[0][0, 0]

    def _set(self, settings: Mapping[int, Tensor | float], rest: float | None) -> None:
        """Give trainable numbers their values; those not named get ``rest``, or random ones for ``None``."""
        with torch.no_grad():
            for number, parameter in enumerate(self.numbers):
                value = settings.get(number, self.random[number] if rest is None else rest)
                if isinstance(value, float) and self.now.get(number) == value:
                    continue
                self.now.pop(number, None)
                if isinstance(value, float):
                    self.now[number] = value
                value = torch.as_tensor(value, dtype=parameter.dtype)
                value = value.reshape(parameter.shape) if value.dim() else value
                parameter.copy_(torch.where(self.kept_out[number], torch.zeros(()), value))

    def _output(
        self,
        settings: Mapping[int, Tensor | float],
        rest: float | None = None,
        images: Tensor | None = None,
        *,
        gradients: bool = False,
    ) -> Tensor:
        """Return C5's 120 numbers for a dark picture, or for each of some pictures one after the other."""
        images = self.dark if images is None else images
        self._set(settings, rest)
        with torch.set_grad_enabled(gradients):
            output = run(self.features, images)
        if output.numel() != C5_MAPS * len(images):
            raise _not_yet()
        return output.flatten()

    def _asked(self, settings_for: Callable[[float], Mapping[int, Tensor | float]]) -> Tensor:
        return torch.stack([self._output(settings_for(value), rest=0.0)[:C3_MAPS].detach() for value in ACTIVATIONS])

    def _only(self, candidates: Sequence[int] | set[int] | None, count: int) -> int:
        """Return the only one of the candidates (``None`` for all) that has so many values."""
        every = range(len(self.numbers)) if candidates is None else candidates
        found = [number for number in every if self.numbers[number].numel() == count]
        if len(found) != 1:
            raise _not_yet()
        return found[0]

    def _one_to_one(self, weight: float, place: tuple[int, int] = (2, 2)) -> Tensor:
        """Return weights of C5 with which its first 16 outputs are what S4's 16 maps hold at one place."""
        weights = torch.zeros(C5_MAPS, C3_MAPS, 5, 5)
        weights[range(C3_MAPS), range(C3_MAPS), *place] = weight
        return weights

    def _read_c3(self, coefficient: float) -> dict[int, Tensor | float]:
        return {self.c5_weight: self._one_to_one(1.0), self.s4_coefficient: coefficient}

    def _c3_all(self, value: float) -> dict[int, float]:
        return dict.fromkeys(self.c3, value)

    def _without_gradient(self) -> list[int]:
        """Return the numbers that do not matter for a dark picture: C1's weights."""
        output = self._output({}, gradients=True)
        if not output.requires_grad:
            raise _not_yet()
        gradients = torch.autograd.grad(output.sum(), self.numbers, allow_unused=True)
        return [number for number, gradient in enumerate(gradients) if gradient is None or not gradient.any()]

    def _that_show_alone(self) -> list[int]:
        """Return the numbers that reach S4 when all others are zero: its biases."""
        dead = self._output(self.read_s4, rest=0.0)
        sixteen = [number for number, values in enumerate(self.numbers) if values.numel() == C3_MAPS]
        return [number for number in sixteen if _differ(self._output(self.read_s4 | {number: 0.5}, rest=0.0), dead)]

    def _that_shut_s4(self) -> list[int]:
        """Return the numbers without which nothing passes S4: its coefficients."""
        dead = self._output(self.read_s4, rest=0.0)
        sixteen = [number for number, values in enumerate(self.numbers) if values.numel() == C3_MAPS]
        return [
            number
            for number in sixteen
            if number != self.s4_bias and not _differ(self._output(self.read_s4 | {number: 0.0}), dead)
        ]

    def _that_show_without(self, small: Sequence[int]) -> list[int]:
        """Return the numbers that matter when the others of C1 and S2 are zero: the biases of S2."""
        silent = self.read_s4 | dict.fromkeys([self.c1_weight, *small], 0.0)
        dead = self._output(silent)
        return [number for number in small if _differ(self._output(silent | {number: 0.5}), dead)]

    def _that_hide(self, digit: Tensor, small: Sequence[int]) -> list[int]:
        """Return the numbers without which a digit cannot be told from a dark picture: the coefficients of S2."""
        both = torch.cat([digit, self.dark])
        outputs = {number: self._output(self.read_s4 | {number: 0.0}, images=both).chunk(2) for number in small}
        return [number for number, (seen, dark) in outputs.items() if not _differ(seen, dark)]


def _one_pixel() -> Tensor:
    """Return weights of C1 with which each kernel passes on the first pixel that it sees, and no other."""
    weights = torch.zeros(S2_MAPS, 25)
    weights[:, 0] = 1.0
    return weights


def _differ(one: Tensor, other: Tensor) -> bool:
    return not torch.allclose(one, other, rtol=1e-4, atol=1e-9)


def _padded(values: Tensor, count: int) -> Tensor:
    return torch.cat([values, values.new_zeros(count - len(values))])


def _not_yet() -> RefusedAnswerError:
    return RefusedAnswerError(
        Fault(
            "the layers cannot be told apart yet: each must have the trainable numbers of its own",
            hints=("Mend first what the checks above say, the trainable numbers before all.",),
        )
    )
