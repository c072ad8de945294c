"""The chain rule for one weight, as text, as LaTeX and as HTML."""

import re
from html import escape

from skbackprop.inspection.factors import number

MOST_SAMPLES = 3  # the most samples whose numbers are written out


class ChainRule:
    """The result of `Trace.chain_rule`: the derivative of E by one weight, in symbols and in numbers.

    Parameters
    ----------
    equations : list of Equation
        The derivative and, for nested sums, the meaning of its symbols.

    samples : sequence of int
        The rows over which to sum.

    Attributes
    ----------
    value : float
        The derivative: the sum over the samples of `values`.

    values : ndarray of shape (n_samples, n_terms)
        Every product for each sample; a product belongs to a path.
    """

    def __init__(self, equations, samples):
        self.equations, self.samples = equations, list(samples)
        self.values = equations[0].values()[self.samples]
        self.value = float(self.values.sum())

    @property
    def symbols(self):
        """The expansion in symbols, with one path per line."""
        lines = []
        for equation in self.equations:
            where = f"    {equation.where}" if equation.where else ""
            lines.append(_sum(equation.left, map(_symbols, equation.terms)) + where)
        return "\n".join(lines)

    @property
    def numbers(self):
        """The expansion in numbers, for the first samples, and the sum over all."""
        shown = [self._numbers_of(sample) for sample in self.samples[:MOST_SAMPLES]]
        more = len(self.samples) - len(shown)
        if more:
            shown.append(f"... and {more} more samples")
        if len(self.samples) > 1:
            shown.append(f"sum over {len(self.samples)} samples\n{self.equations[0].left} = {self.value:.6g}")
        return "\n".join(shown)

    def _numbers_of(self, sample):
        lines = [f"sample {sample}"]
        for equation in self.equations:
            if equation.where:
                continue
            values = equation.values()[sample]
            terms = [_numbers(term, sample) for term in equation.terms]
            results = [" + ".join(map(number, values))] if len(values) > 1 else []
            results.append(f"{values.sum():.6g}")
            lines.append(_sum(equation.left, terms, results))
        return "\n".join(lines)

    def __str__(self):
        return f"{self.symbols}\n{self.numbers}"

    def __repr__(self):
        return str(self)

    def latex(self) -> str:
        """The symbols, the numbers of a single sample, and the value, in an `aligned` environment.

        Returns
        -------
        latex : str
            Without dollar signs.
        """
        several = len(self.samples) > 1
        lines = []
        for equation in self.equations:
            terms = [_as_latex(_symbols(term)) for term in equation.terms]
            left = _as_latex(equation.left)
            if several and equation is self.equations[0]:
                terms = [rf"\sum_s \bigl( {terms[0]}", *terms[1:]]
                terms[-1] += r" \bigr)"
            where = rf" \quad {_as_latex(equation.where)}" if equation.where else ""
            lines.append(rf"{left} &= " + r" \\ &+ ".join(terms) + where)
            if equation.where or several:
                continue
            (sample,) = self.samples
            numbers = [_as_latex(_numbers(term, sample)) for term in equation.terms]
            lines.append("&= " + r" \\ &+ ".join(numbers))
            lines.append(f"&= {_as_latex(f'{equation.values()[sample].sum():.6g}')}")
        if several:
            left = _as_latex(self.equations[0].left)
            lines.append(f"{left} &= {_as_latex(f'{self.value:.6g}')}")
        return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"

    def _repr_html_(self):
        rows = []
        for equation in self.equations:
            rows += _rows(f"{equation.left} =", map(_symbols, equation.terms))
            rows[-1][1] += f", {equation.where}" if equation.where else ""
        for sample in self.samples[:MOST_SAMPLES]:
            for equation in self.equations:
                if not equation.where:
                    terms = [_numbers(term, sample) for term in equation.terms]
                    rows += _rows(f"sample {sample}: {equation.left} =", terms)
                    rows.append(["=", f"{equation.values()[sample].sum():.6g}"])
        if len(self.samples) > 1:
            rows.append([f"sum over {len(self.samples)} samples =", f"{self.value:.6g}"])
        lines = (f"<tr><th>{escape(left)}</th><td>{escape(right)}</td></tr>" for left, right in rows)
        return f"<table>{''.join(lines)}</table>"


def _rows(left, terms):
    rows = [["+", term] for term in terms]
    rows[0][0] = left
    return rows


def _symbols(term):
    return " * ".join(factor.symbol for factor in term)


def _numbers(term, sample):
    return " * ".join(factor.written(sample) for factor in term)


def _sum(left, terms, results=()):
    """The terms on separate lines, each after a sign."""
    margin = " " * len(left)
    lines = [f"{margin} + {term}" for term in terms]
    lines[0] = f"{left} = {lines[0][len(margin) + 3 :]}"
    return "\n".join([*lines, *(f"{margin} = {result}" for result in results)])


LATEX = (  # in this order
    (r"dE/d(\w+)\[([\d\w,]+)\]", r"\\frac{\\partial E}{\\partial \1_{\2}}"),
    (r"dE/d(\w+)", r"\\frac{\\partial E}{\\partial \1}"),
    (r"sum_(\w)", r"\\sum_{\1}"),
    (r"\b(\w+)'\(", r"\\varphi'("),
    (r"\b(\w+)\[([\d\w,]+)\]", r"\1_{\2}"),
    (r"\bOut\b", "O"),
    (r"\bOut_", "O_"),
    (r"\bTarget\b", "T"),
    (r"\bTarget_", "T_"),
    (r"\bnet_", r"\\mathrm{net}_"),
    (r"\bin_", r"\\mathrm{in}_"),
    (r"\bdelta_", r"\\delta_"),
    (r"\bsample_weight\b", "v_s"),
    (r"\bsign\(", r"\\operatorname{sign}("),
    (r"\btanh\(", r"\\tanh("),
    (r"(\d)e([+-])0*(\d+)", r"\1 \\cdot 10^{\2\3}"),
    (r"\^2", "^{2}"),
    (r" to ", r", \\dots, "),
    (r" \* ", r" \\cdot "),
)


def _as_latex(text):
    for pattern, replacement in LATEX:
        text = re.sub(pattern, replacement, text)
    return text
