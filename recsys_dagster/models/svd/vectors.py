"""Vector instructions on rows, written as LLVM's own: what loops in Numba do not become.

Numba's loops over a row re-load what they stored, as it cannot know that two rows are apart;
these hold both rows in registers. They are portable: LLVM makes of a vector of eight float32
what the processor has. `width` and `factors` must be constants where they are called.
"""

from collections.abc import Sequence
from typing import Any, cast

import numba
from llvmlite import ir
from numba.core import cgutils as untyped_cgutils
from numba.core import types
from numba.extending import intrinsic

from recsys_dagster.compiling import Function, kept_on_disk
from recsys_dagster.models.svd.rows import CACHE_LINE, LANES

cgutils: Any = untyped_cgutils
_WORD, _LONG, _FLOAT = ir.IntType(32), ir.IntType(64), ir.FloatType()
_VECTOR = ir.VectorType(_FLOAT, LANES)
_LINE = CACHE_LINE // 4

_POLYNOMIAL = (
    1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1,
    5.0000001201e-1,
)  # fmt: skip
# Sums may be re-associated, or no reduction becomes a vector instruction. NaN and infinity must
# stay what they are ("nnan" and "ninf" are left out): they tell that training diverged.
_FAST = ("reassoc", "contract", "nsz", "arcp")


def compiled(function: Function) -> Function:
    """Compile a loop: kept on disk, without the interpreter's lock, sums re-associated."""
    return kept_on_disk(function, nogil=True, fastmath=set(_FAST))


def inlined(function: Function) -> Function:
    """Make a part of the compiled loops that call it, before any of them is optimised.

    A function of its own is optimised once more where it is called. Which of the two versions
    runs depends on whether the caller was compiled or loaded from disk, and they round otherwise.
    """
    return cast("Function", numba.njit(inline="always", nogil=True, fastmath=set(_FAST))(function))


class _Writer:
    """Writes LLVM instructions on rows of `width` numbers."""

    def __init__(self, context: Any, builder: Any, width: int) -> None:
        self.context, self.builder, self.width = context, builder, width
        self.vectors = range(width // LANES)

    def row(self, kind: Any, array: Any, index_kind: Any, index: Any) -> Any:
        data = self.context.make_array(kind)(self.context, self.builder, array).data
        wide = self.context.cast(self.builder, index, index_kind, types.int64)
        return self.builder.gep(data, [self.builder.mul(wide, _LONG(self.width))])

    def _place(self, row: Any, vector: int) -> Any:
        start = self.builder.gep(row, [_LONG(vector * LANES)])
        return self.builder.bitcast(start, _VECTOR.as_pointer())

    def load(self, row: Any) -> list[Any]:
        return [self.builder.load(self._place(row, one), align=4) for one in self.vectors]

    def store(self, row: Any, vectors: Sequence[Any]) -> None:
        for one, vector in zip(self.vectors, vectors, strict=True):
            self.builder.store(vector, self._place(row, one), align=4)

    def multiply_add(self, one: Any, other: Any, addend: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3)
        name = f"llvm.fma.v{LANES}f32"
        function = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(function, [one, other, addend])

    def spread(self, number: Any) -> Any:
        nothing = ir.Constant(_VECTOR, ir.Undefined)
        first = self.builder.insert_element(nothing, number, _WORD(0))
        return self._spread_lane(first, 0)

    def _spread_lane(self, vector: Any, lane: int) -> Any:
        lanes = ir.Constant(ir.VectorType(_WORD, LANES), [lane] * LANES)
        return self.builder.shuffle_vector(vector, ir.Constant(_VECTOR, ir.Undefined), lanes)

    def dot(self, ones: Sequence[Any], others: Sequence[Any]) -> Any:
        total = self.builder.fmul(ones[0], others[0])
        for one, other in zip(ones[1:], others[1:], strict=True):
            total = self.multiply_add(one, other, total)
        return self._sum(total)

    def _sum(self, vector: Any) -> Any:
        half = LANES
        while half > 1:
            half //= 2
            lanes = [lane + half if lane < half else lane for lane in range(LANES)]
            upper = ir.Constant(ir.VectorType(_WORD, LANES), lanes)
            vector = self.builder.fadd(
                vector, self.builder.shuffle_vector(vector, vector, upper), flags=_FAST
            )
        return self.builder.extract_element(vector, _WORD(0))

    def moved(
        self, own: Sequence[Any], other: Sequence[Any], keep: Any, step: Any, learned: set[int]
    ) -> list[Any]:
        """keep·own + step·other in the columns that are learned; the others as they were."""
        moved = []
        for one in self.vectors:
            new = self.multiply_add(step, other[one], self.builder.fmul(keep, own[one]))
            mask = [one * LANES + lane in learned for lane in range(LANES)]
            if not all(mask):
                chosen = ir.Constant(ir.VectorType(ir.IntType(1), LANES), mask)
                new = self.builder.select(chosen, new, own[one])
            moved.append(new)
        return moved

    def turn(self, cosine: Any, step: Any) -> tuple[Any, Any]:
        """Factors a, b with which a·y + b·x is y - step·(x - cosine·y), at length 1.

        x and y have length 1, so with keep = 1 + step·cosine the square of the new length is
        keep² - 2·keep·step·cosine + step².
        """
        one, two = ir.Constant(_FLOAT, 1.0), ir.Constant(_FLOAT, 2.0)
        product = self.builder.fmul(step, cosine)
        keep = self.builder.fadd(one, product)
        square = self.builder.fmul(keep, self.builder.fsub(keep, self.builder.fmul(two, product)))
        square = self.builder.fadd(square, self.builder.fmul(step, step))
        # Where x and y are opposite and the step is 1, nothing is left to bring back.
        least = ir.Constant(_FLOAT, 1e-6)
        kind = ir.FunctionType(_FLOAT, [_FLOAT] * 2)
        maximum = cgutils.get_or_insert_function(self.builder.module, kind, "llvm.maxnum.f32")
        square = self.builder.call(maximum, [square, least])
        root = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(_FLOAT, [_FLOAT]), "llvm.sqrt.f32"
        )
        shrink = self.builder.fdiv(one, self.builder.call(root, [square]))
        back = self.builder.fneg(self.builder.fmul(step, shrink))
        return self.builder.fmul(keep, shrink), back

    def exponential(self, x: Any) -> Any:
        """e^x in every lane, to 2e-7 of it; below -87 it is that of -87, about 1e-38.

        e^x = 2^n e^r with n = round(x / ln 2): 2^n by its bits, e^r by the polynomial of Cephes
        (Moshier 1989, "Methods and programs for mathematical functions"), |r| <= ln(2) / 2.
        """
        low, high = self._constant(-87.0), self._constant(88.0)
        x = self._two("maxnum", self._two("minnum", x, high), low)
        n = self._rounded(self.builder.fmul(x, self._constant(1.44269504088896341)))
        # ln 2 in two parts, of which the first times n is exact.
        r = self.multiply_add(n, self._constant(-0.693359375), x)
        r = self.multiply_add(n, self._constant(2.12194440e-4), r)
        total = self._constant(_POLYNOMIAL[0])
        for coefficient in _POLYNOMIAL[1:]:
            total = self.multiply_add(total, r, self._constant(coefficient))
        square = self.builder.fmul(r, r)
        total = self.multiply_add(total, square, self.builder.fadd(r, self._constant(1.0)))
        words = ir.VectorType(_WORD, LANES)
        exponent = self.builder.add(
            self.builder.fptosi(n, words), ir.Constant(words, [127] * LANES)
        )
        bits = self.builder.shl(exponent, ir.Constant(words, [23] * LANES))
        return self.builder.fmul(total, self.builder.bitcast(bits, _VECTOR))

    def _constant(self, number: float) -> Any:
        return ir.Constant(_VECTOR, [number] * LANES)

    def _two(self, name: str, one: Any, other: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR] * 2)
        function = cgutils.get_or_insert_function(
            self.builder.module, kind, f"llvm.{name}.v{LANES}f32"
        )
        return self.builder.call(function, [one, other])

    def _rounded(self, vector: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        function = cgutils.get_or_insert_function(
            self.builder.module, kind, f"llvm.rint.v{LANES}f32"
        )
        return self.builder.call(function, [vector])

    def kept(self, rate: Any, row: Sequence[Any], column: int) -> Any:
        """1 - rate·λ in every lane, with λ from a column of the row."""
        shrinkage = self._spread_lane(row[column // LANES], column % LANES)
        ones = ir.Constant(_VECTOR, [1.0] * LANES)
        return self.builder.fsub(ones, self.builder.fmul(rate, shrinkage))


def _fetch(_typing: Any, rows: Any, index: Any, width: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        length = width.literal_value
        writer = _Writer(context, builder, length)
        row = writer.row(signature.args[0], arguments[0], signature.args[1], arguments[1])
        byte_pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte_pointer, _WORD, _WORD, _WORD])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        # Rows need not begin at a line, so the last number may lie in one more.
        for column in {*range(0, length, _LINE), length - 1}:
            place = builder.bitcast(builder.gep(row, [_LONG(column)]), byte_pointer)
            # For writing (1), to be kept in every cache level (3), data and not instructions (1).
            builder.call(function, [place, _WORD(1), _WORD(3), _WORD(1)])
        return context.get_dummy_value()

    return types.void(rows, index, width), generate


def _dot(_typing: Any, rows: Any, row: Any, others: Any, other: Any, width: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        writer = _Writer(context, builder, width.literal_value)
        one = writer.row(signature.args[0], arguments[0], signature.args[1], arguments[1])
        two = writer.row(signature.args[2], arguments[2], signature.args[3], arguments[3])
        return writer.dot(writer.load(one), writer.load(two))

    return types.float32(rows, row, others, other, width), generate


def _squared_step(
    _typing: Any, users: Any, user: Any, items: Any, item: Any, rating: Any, rate: Any,
    keep: Any, width: Any, factors: Any, alike: Any,
) -> Any:  # fmt: skip
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        writer = _Writer(context, builder, width.literal_value)
        k = factors.literal_value
        place_x = writer.row(signature.args[0], arguments[0], signature.args[1], arguments[1])
        place_y = writer.row(signature.args[2], arguments[2], signature.args[3], arguments[3])
        x, y = writer.load(place_x), writer.load(place_y)
        error = builder.fsub(arguments[4], writer.dot(x, y))
        rates = writer.spread(arguments[5])
        step = builder.fmul(rates, writer.spread(error))
        if alike.literal_value:
            keep_x = keep_y = writer.spread(arguments[6])
        else:
            keep_x, keep_y = writer.kept(rates, x, k + 2), writer.kept(rates, y, k + 3)
        learned = set(range(k))
        writer.store(place_x, writer.moved(x, y, keep_x, step, learned | {k}))
        writer.store(place_y, writer.moved(y, x, keep_y, step, learned | {k + 1}))
        return error

    whole = types.float32(users, user, items, item, rating, rate, keep, width, factors, alike)
    return whole, generate


def _pull(
    _typing: Any, items: Any, item: Any, users: Any, user: Any, gradient: Any, force: Any,
    rate: Any, width: Any, factors: Any,
) -> Any:  # fmt: skip
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        writer = _Writer(context, builder, width.literal_value)
        place_y = writer.row(signature.args[0], arguments[0], signature.args[1], arguments[1])
        place_x = writer.row(signature.args[2], arguments[2], signature.args[3], arguments[3])
        place_g = context.make_array(signature.args[4])(context, builder, arguments[4]).data
        x, y, g = writer.load(place_x), writer.load(place_y), writer.load(place_g)
        forces = writer.spread(arguments[5])
        sums = [writer.multiply_add(forces, y[one], g[one]) for one in writer.vectors]
        keep, step = writer.turn(writer.dot(x, y), builder.fmul(arguments[6], arguments[5]))
        learned = set(range(factors.literal_value))
        writer.store(place_g, sums)
        writer.store(place_y, writer.moved(y, x, writer.spread(keep), writer.spread(step), learned))
        return context.get_dummy_value()

    return types.void(items, item, users, user, gradient, force, rate, width, factors), generate


def _exponential(_typing: Any, numbers: Any, vector: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        writer = _Writer(context, builder, LANES)
        wide = context.cast(builder, arguments[1], signature.args[1], types.int64)
        place = builder.gep(data, [builder.mul(wide, _LONG(LANES))])
        writer.store(place, [writer.exponential(writer.load(place)[0])])
        return context.get_dummy_value()

    return types.void(numbers, vector), generate


fetch: Any = intrinsic(prefer_literal=True)(_fetch)
"""fetch(rows, index, width): have a row brought to the cache."""
dot: Any = intrinsic(prefer_literal=True)(_dot)
"""dot(rows, row, others, other, width): the dot product of two rows."""
squared_step: Any = intrinsic(prefer_literal=True)(_squared_step)
"""squared_step(users, user, items, item, rating, rate, keep, width, factors, alike): move the rows
of a pair; the error before the move. All are shrunk by `keep` if `alike` is 1, and each by its own
λ if it is 0; see `squared.descent_of`."""
pull: Any = intrinsic(prefer_literal=True)(_pull)
"""pull(items, item, users, user, gradient, force, rate, width, factors): for an item y and a
user x of length 1, gradient += force·y, and y is turned by -rate·force·x at length 1."""
exponential: Any = intrinsic(_exponential)
"""exponential(numbers, vector): eight numbers in place by their exponentials, from 8·vector on."""
