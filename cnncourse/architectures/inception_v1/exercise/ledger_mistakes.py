"""Mistakes in a ledger of modules."""

from cnncourse.checking import Misconception


class Ledger:
    """A right answer whose steps the wrong ones change; as learners write it, it is a function."""

    __name__ = "inception_ledger"

    def __call__(self, in_channels, side, rows, reduced):
        maps, entries = in_channels, []
        for row in rows:
            if row == "max pool":
                side = self.after_pooling(side)
                entries.append(self.entry(maps, side, 0, 0))
                continue
            layers = self.layers(self.maps_seen(maps, in_channels), row, reduced)
            entries.append(self.entry(self.joined(maps, row, reduced), side, self.numbers(layers), 0))
            entries[-1]["multiply_adds"] = self.work(layers, side)
            maps = self.passed_on(maps, entries[-1]["maps"])
        return entries

    def entry(self, maps, side, numbers, work):
        return {"maps": maps, "side": side, "numbers": numbers, "multiply_adds": work}

    def maps_seen(self, maps, in_channels):
        return maps

    def passed_on(self, before, after):
        return after

    def after_pooling(self, side):
        return side // 2

    def layers(self, maps, row, reduced):
        n1, r3, n3, r5, n5, projection = row
        if not reduced:
            return [(maps, n1, 1), (maps, n3, 3), (maps, n5, 5)]
        return [(maps, n1, 1), (maps, r3, 1), (r3, n3, 3), (maps, r5, 1), (r5, n5, 5), (maps, projection, 1)]

    def joined(self, maps, row, reduced):
        return row[0] + row[2] + row[4] + (row[5] if reduced else maps)

    def numbers(self, layers):
        return sum((side**2 * before + 1) * after for before, after, side in layers)

    def work(self, layers, side):
        return side**2 * sum(kernel**2 * before * after for before, after, kernel in layers)


class LedgerWithoutBiases(Ledger):
    def numbers(self, layers):
        return sum(side**2 * before * after for before, after, side in layers)


class LedgerOneBias(Ledger):
    def numbers(self, layers):
        return LedgerWithoutBiases().numbers(layers) + 1


class LedgerBiasesAtTheEnd(Ledger):
    def numbers(self, layers):
        ends = [after for before, after, side in layers]
        outputs = sum(ends[number] for number in ((0, 2, 4, 5) if len(ends) == 6 else range(len(ends))))
        return LedgerWithoutBiases().numbers(layers) + outputs


class LedgerThreeForFive(Ledger):
    def layers(self, maps, row, reduced):
        return [(before, after, min(side, 3)) for before, after, side in super().layers(maps, row, reduced)]


class LedgerUnreducedInput(Ledger):
    def layers(self, maps, row, reduced):
        return [(maps, after, side) for before, after, side in super().layers(maps, row, reduced)]


class LedgerNoReductions(Ledger):
    def layers(self, maps, row, reduced):
        layers = super().layers(maps, row, reduced)
        return [layers[0], layers[2], layers[4], layers[5]] if reduced else layers


class LedgerNoProjection(Ledger):
    def layers(self, maps, row, reduced):
        return super().layers(maps, row, reduced)[: 5 if reduced else 3]


class LedgerKernelNotSquared(Ledger):
    def numbers(self, layers):
        return sum((side * before + 1) * after for before, after, side in layers)


class LedgerFirstMaps(Ledger):
    def maps_seen(self, maps, in_channels):
        return in_channels


class LedgerReductionsCounted(Ledger):
    def joined(self, maps, row, reduced):
        return super().joined(maps, row, reduced) + (row[1] + row[3] if reduced else 0)


class LedgerNoPoolingBranch(Ledger):
    def joined(self, maps, row, reduced):
        return row[0] + row[2] + row[4]


class LedgerReductionsAsOutput(Ledger):
    def joined(self, maps, row, reduced):
        return row[0] + row[1] + row[3] + row[5] if reduced else super().joined(maps, row, reduced)


class LedgerPoolingKeepsTheSide(Ledger):
    def after_pooling(self, side):
        return side


class LedgerQuarter(Ledger):
    def after_pooling(self, side):
        return side // 4


class LedgerBiasesAsWork(Ledger):
    def work(self, layers, side):
        return side**2 * self.numbers(layers)


class LedgerOneRow(Ledger):
    def work(self, layers, side):
        return super().work(layers, side) // side


class LedgerOnePlace(Ledger):
    def work(self, layers, side):
        return super().work(layers, 1)


class LedgerTwoOperations(Ledger):
    def work(self, layers, side):
        return 2 * super().work(layers, side)


class LedgerFirstSide(Ledger):
    def __call__(self, in_channels, side, rows, reduced):
        self.first = side
        return super().__call__(in_channels, side, rows, reduced)

    def work(self, layers, side):
        return super().work(layers, self.first)


class LedgerFloats(Ledger):
    def after_pooling(self, side):
        return side / 2


class LedgerIgnoresReduced(Ledger):
    def __call__(self, in_channels, side, rows, reduced):
        return super().__call__(in_channels, side, rows, reduced=True)


class LedgerNaiveProjected(Ledger):
    def joined(self, maps, row, reduced):
        return super().joined(maps, row, reduced=True)


class LedgerSkipsPoolings(Ledger):
    def __call__(self, in_channels, side, rows, reduced):
        entries = super().__call__(in_channels, side, rows, reduced)
        return [entry for entry, row in zip(entries, rows, strict=True) if row != "max pool"]


class LedgerTuples(Ledger):
    def __call__(self, in_channels, side, rows, reduced):
        return [tuple(entry.values()) for entry in super().__call__(in_channels, side, rows, reduced)]


class LedgerReturnsNothing(Ledger):
    def __call__(self, in_channels, side, rows, reduced):
        super().__call__(in_channels, side, rows, reduced)


class LedgerKnowsTable1(Ledger):
    """Knows where the poolings of Table 1 are, and looks no further."""

    def __call__(self, in_channels, side, rows, reduced):
        entries = super().__call__(in_channels, side, rows, reduced)
        for entry, known in zip(entries, [28, 28, 14, 14, 14, 14, 14, 14, 7, 7, 7], strict=False):
            entry["side"] = known
        return entries


MISTAKES = (
    Misconception("the biases are left out", LedgerWithoutBiases(), ("trainable numbers",)),
    Misconception(
        "one bias a module; every output map of every convolution has one", LedgerOneBias(), ("trainable numbers",)
    ),
    Misconception(
        "biases for the maps that come out only; the reductions have biases too",
        LedgerBiasesAtTheEnd(),
        ("trainable numbers",),
    ),
    Misconception("a 3×3 kernel in the 5×5 branch", LedgerThreeForFive(), ("trainable numbers",)),
    Misconception(
        "the large kernels see all maps, and not only the reduced ones", LedgerUnreducedInput(), ("trainable numbers",)
    ),
    Misconception(
        "the reductions are left out: a 1×1 convolution has weights too", LedgerNoReductions(), ("trainable numbers",)
    ),
    Misconception("the projection of the pooling branch is left out", LedgerNoProjection(), ("trainable numbers",)),
    Misconception(
        "a kernel of side k has k·k weights for each map it sees, not k",
        LedgerKernelNotSquared(),
        ("trainable numbers",),
    ),
    Misconception(
        "every row is counted on the maps that come into the first", LedgerFirstMaps(), ("trainable numbers",)
    ),
    Misconception(
        "the reductions are counted; they only feed the larger kernels",
        LedgerReductionsCounted(),
        ("maps and sides of Table 1",),
    ),
    Misconception("the pooling branch is left out", LedgerNoPoolingBranch(), ("maps and sides of Table 1",)),
    Misconception(
        "the reductions of the row are what comes out, not the numbers after them",
        LedgerReductionsAsOutput(),
        ("maps and sides of Table 1",),
    ),
    Misconception("the pooling does not halve the side", LedgerPoolingKeepsTheSide(), ("maps and sides of Table 1",)),
    Misconception(
        "stride 2 halves the side; it is the area of which a quarter is left",
        LedgerQuarter(),
        ("maps and sides of Table 1",),
    ),
    Misconception("the biases are counted; only products of a weight are", LedgerBiasesAsWork(), ("multiply-adds",)),
    Misconception(
        "once for each row of the map: every weight is used at side × side places", LedgerOneRow(), ("multiply-adds",)
    ),
    Misconception(
        "the multiply-adds of one place only: every weight is used at side × side places",
        LedgerOnePlace(),
        ("multiply-adds",),
    ),
    Misconception("a multiply-add is one operation, not two", LedgerTwoOperations(), ("multiply-adds",)),
    Misconception(
        "the side of the very first maps: the pooling in between is not seen", LedgerFirstSide(), ("multiply-adds",)
    ),
    Misconception("/ makes a float; a count needs //", LedgerFloats(), ("maps and sides of Table 1",)),
    Misconception("the argument reduced is ignored", LedgerIgnoresReduced(), ("the naive modules",)),
    Misconception(
        "the naive module has no projection: its pooling branch passes all maps on",
        LedgerNaiveProjected(),
        ("the naive modules",),
    ),
    Misconception("a pooling row has an entry too", LedgerSkipsPoolings(), ("maps and sides of Table 1",)),
    Misconception("an entry is not a dictionary with the four keys", LedgerTuples(), ("maps and sides of Table 1",)),
    Misconception("the ledger is not a list", LedgerReturnsNothing(), ("maps and sides of Table 1",)),
    Misconception("wrong side", LedgerKnowsTable1(), ("bodies drawn at random",)),
)
