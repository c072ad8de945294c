"""Kernels: loops over some arrays that add, multiply, compare or take roots, compiled at their first use.

A kernel is written in LLVM's language with vectors of `VECTOR` bytes. It defines the operations on the
elements, but not their place: addresses, steps and sizes are in a table, which is an argument. So runs of the
same form, such as those of two layers, share a kernel.
"""

from contextlib import contextmanager
from functools import cache
from typing import NamedTuple

from llvmlite import binding, ir

from skbackprop.replay.rows import BYTE, DOUBLE, SINGLE, CannotReplayError

VECTOR = 64  # bytes
INTEGER, VOID = ir.IntType(64), ir.VoidType()
TYPES = {BYTE: ir.IntType(8), SINGLE: ir.FloatType(), DOUBLE: ir.DoubleType()}
COMPARISONS = {
    "greater": ">",
    "greater_equal": ">=",
    "less": "<",
    "less_equal": "<=",
    "equal": "==",
    "not_equal": "!=",
}
N_HEAD, N_OPERAND = 2, 4  # entries of a table: sizes of the inner axes; address and steps of each operand


class Operation(NamedTuple):
    """output = name(inputs), where all are indices of operands."""

    name: str
    inputs: tuple
    output: int


class Form(NamedTuple):
    """The operations of a kernel; runs with equal forms share it.

    `dtypes`, `is_scalar` (one number for the whole inner loop) and `is_stored` have an entry per operand.
    """

    operations: tuple
    dtypes: tuple
    is_scalar: tuple
    is_stored: tuple
    is_flat: bool  # whether there is one inner loop for all rows of a block


# the operation of a row in LLVM's language: function(builder, inputs, type of the output)


def _maximum(builder, inputs, kind, sign=">"):
    """The maximum (or minimum) of two numbers: the second if they are equal, NaN if one is NaN."""
    a, b = inputs
    larger = builder.select(builder.fcmp_ordered(sign, a, b), a, b)
    return builder.select(builder.fcmp_unordered("uno", a, a), a, larger)


def _minimum(builder, inputs, kind):
    return _maximum(builder, inputs, kind, "<")


def _compare(name):
    def compare(builder, inputs, kind):
        test = builder.fcmp_unordered if name == "not_equal" else builder.fcmp_ordered
        return builder.zext(test(COMPARISONS[name], *inputs), kind)

    return compare


def _intrinsic(name):
    def call(builder, inputs, kind):
        of_vector = isinstance(kind, ir.VectorType)
        suffix = f"v{kind.count}{kind.element.intrinsic_name}" if of_vector else kind.intrinsic_name
        whole = f"llvm.{name}.{suffix}"
        function = builder.module.globals.get(whole)
        if function is None:
            function = ir.Function(builder.module, ir.FunctionType(kind, [kind]), whole)
        return builder.call(function, inputs)

    return call


def _cast(builder, inputs, kind):
    (x,) = inputs
    if x.type == kind:
        return x
    of, to = (getattr(t, "element", t) for t in (x.type, kind))
    if isinstance(of, ir.IntType):
        return builder.uitofp(x, kind)
    return builder.fptrunc(x, kind) if isinstance(to, ir.FloatType) else builder.fpext(x, kind)


OPERATIONS = {
    "add": lambda builder, x, kind: builder.fadd(*x),
    "subtract": lambda builder, x, kind: builder.fsub(*x),
    "multiply": lambda builder, x, kind: builder.fmul(*x),
    "divide": lambda builder, x, kind: builder.fdiv(*x),
    "square": lambda builder, x, kind: builder.fmul(x[0], x[0]),
    "sqrt": _intrinsic("sqrt"),
    "absolute": _intrinsic("fabs"),
    "maximum": _maximum,
    "minimum": _minimum,
    "cast": _cast,
    **{name: _compare(name) for name in COMPARISONS},
}


@cache
def compiled(form):
    """The address of the kernel of a form: void kernel(table, member, first, n_rows)."""
    module = ir.Module()
    module.triple = binding.get_default_triple()
    function = ir.Function(module, ir.FunctionType(VOID, [INTEGER] * 4), "kernel")
    _Writer(form, function).write()
    try:
        engine = binding.create_mcjit_compiler(binding.parse_assembly(str(module)), _machine())
        engine.finalize_object()
    except (RuntimeError, OSError) as error:  # LLVM's errors for operations that it does not support here
        raise CannotReplayError(f"a kernel cannot be compiled here: {error}") from error
    _kept.append(engine)
    return engine.get_function_address("kernel")


_kept = []  # the owners of the compiled code


def _machine():
    """A target machine; each kernel needs its own, because its engine owns it."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    settings = {"cpu": binding.get_host_cpu_name(), "features": binding.get_host_cpu_features().flatten()}
    return binding.Target.from_default_triple().create_target_machine(**settings, opt=3, jit=True)


class _Writer:
    """Writes the kernel of a form: loops over rows, over the middle axis, and over elements in vectors."""

    def __init__(self, form, function):
        self.form, self.function = form, function
        self.builder = ir.IRBuilder(function.append_basic_block())
        largest = max(dtype.itemsize for dtype in form.dtypes)
        self.width = VECTOR // max(largest, SINGLE.itemsize)

    def write(self):
        builder, form = self.builder, self.form
        table, member, first, n_rows = self.function.args
        n_middle, n_last = (self._number(table, k) for k in range(N_HEAD))
        starts, by_row, by_middle = [], [], []
        for k in range(len(form.dtypes)):
            numbers = [self._number(table, N_HEAD + N_OPERAND * k + j) for j in range(N_OPERAND)]
            start = builder.add(numbers[0], builder.mul(member, numbers[1]))
            starts.append(builder.add(start, builder.mul(first, numbers[2])))
            by_row.append(numbers[2])
            by_middle.append(numbers[3])
        if form.is_flat:
            self._elements(starts, builder.mul(n_rows, builder.mul(n_middle, n_last)))
        else:
            with self._loop(INTEGER(0), n_rows, 1) as row:
                starts = [builder.add(start, builder.mul(row, step)) for start, step in zip(starts, by_row)]
                with self._loop(INTEGER(0), n_middle, 1) as j:
                    pairs = zip(starts, by_middle)
                    self._elements([builder.add(s, builder.mul(j, step)) for s, step in pairs], n_last)
        builder.ret_void()

    def _number(self, table, place):
        return self._load(self.builder.add(table, INTEGER(8 * place)), INTEGER, 8)

    def _load(self, address, kind, align):
        pointer = self.builder.inttoptr(address, kind.as_pointer())
        return self.builder.load(pointer, align=align)

    @contextmanager
    def _loop(self, start, stop, step):
        """for (index = start; index < stop; index += step)"""
        builder = self.builder
        before = builder.block
        head, body, after = (self.function.append_basic_block() for _ in range(3))
        builder.branch(head)
        builder.position_at_end(head)
        index = builder.phi(INTEGER)
        index.add_incoming(start, before)
        builder.cbranch(builder.icmp_signed("<", index, stop), body, after)
        builder.position_at_end(body)
        yield index
        index.add_incoming(builder.add(index, INTEGER(step)), builder.block)
        builder.branch(head)
        builder.position_at_end(after)

    def _elements(self, starts, n):
        """Process n elements of each operand: in whole vectors, then in quarters, then one by one."""
        builder, form, start = self.builder, self.form, INTEGER(0)
        read = {k for operation in form.operations for k in operation.inputs}
        scalars = {
            k: self._load(starts[k], TYPES[form.dtypes[k]], form.dtypes[k].itemsize)
            for k in read
            if form.is_scalar[k]
        }
        for width in (self.width, self.width // 4, 1):
            stop = builder.and_(n, INTEGER(-width))
            repeated = {k: self._repeated(x, width) for k, x in scalars.items()}
            with self._loop(start, stop, width) as index:
                self._body(starts, index, width, repeated)
            start = stop

    def _repeated(self, x, width):
        if width == 1:
            return x
        one = ir.VectorType(x.type, width)(ir.Undefined)
        first = self.builder.insert_element(one, x, ir.IntType(32)(0))
        return self.builder.shuffle_vector(first, one, ir.VectorType(ir.IntType(32), width)([0] * width))

    def _body(self, starts, index, width, values):
        builder, form, values = self.builder, self.form, dict(values)
        kinds = [TYPES[dtype] if width == 1 else ir.VectorType(TYPES[dtype], width) for dtype in form.dtypes]
        addresses = [
            builder.add(start, builder.mul(index, INTEGER(dtype.itemsize)))
            for start, dtype in zip(starts, form.dtypes)
        ]
        for name, inputs, output in form.operations:
            for k in inputs:
                if k not in values:
                    values[k] = self._load(addresses[k], kinds[k], form.dtypes[k].itemsize)
            values[output] = OPERATIONS[name](builder, [values[k] for k in inputs], kinds[output])
        for k, is_stored in enumerate(form.is_stored):
            if is_stored:
                pointer = builder.inttoptr(addresses[k], kinds[k].as_pointer())
                builder.store(values[k], pointer, align=form.dtypes[k].itemsize)
