// Numbers and names as text. Layers, nodes and inputs count from 1; layer 0 is the input.

function digits(value, n, least = 1e-4) {
  if (value === null || value === undefined) return "–";
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text =
    size >= 10 ** Math.max(n, 6) || size < least
      ? value.toExponential(n - 1).replace(/\.?0+e/, "e").replace("e+", "e")
      : String(Number(value.toPrecision(n)));
  return text.replace(/-/g, "−");
}

const brief = (value) => digits(value, 3, 1e-3); // in the drawing
const short = (value) => digits(value, 4); // inside a formula
const exact = (value) => digits(value, 7); // a result
const factor = (value) => (value < 0 ? `(${short(value)})` : short(value));

// What runs along an edge into layer i: a node's output, or the input of a layer that is not drawn.
const outName = (i, k) => `n[${i},${k + 1}]`;
const netName = (i, j) => `net[${i},${j + 1}]`;
const deltaName = (i, j) => `δ[${i},${j + 1}]`;
const weightName = (i, j, k) => `w[${i},${j + 1},${k + 1}]`;
const biasName = (i, j) => `b[${i},${j + 1}]`;
const targetName = (j) => `T[${j + 1}]`;

function escaped(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

// A sum of which at most `most` terms are written out.
function sumText(terms, most = 8) {
  if (terms.length <= most) return terms.join(" + ");
  return `${terms.slice(0, most - 1).join(" + ")} + … (${terms.length - most + 1} more)`;
}

function range(n) {
  return Array.from({ length: n }, (_, i) => i);
}

function plural(n, word) {
  return `${n} ${word}${n === 1 ? "" : "s"}`;
}
