// The mathematics of the page: activations, losses, forward, backward and the sum over samples.

function expit(z) {
  return z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
}

function softplus(z) {
  return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
}

function normalDensity(z) {
  return Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
}

// Phi(z): the series of Marsaglia (2004) near 0, the continued fraction of the tail elsewhere.
function normalDistribution(z) {
  const a = Math.abs(z);
  if (a > 4) {
    let fraction = a;
    for (let k = 60; k > 0; k -= 1) fraction = a + k / fraction;
    const tail = normalDensity(a) / fraction;
    return z > 0 ? 1 - tail : tail;
  }
  let term = z, sum = z;
  for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 + sum * normalDensity(z);
}

function eluWith(scale, alpha) {
  return {
    phi: (z) => scale * (z > 0 ? z : alpha * Math.expm1(z)),
    slope: (z, a) => (z > 0 ? scale : a + scale * alpha),
    words: `φ(net) = ${scale === 1 ? "net" : `${scale.toFixed(4)} net`} where net > 0, else ${(scale * alpha).toFixed(4)} (e^net − 1)`,
    slopeWords: () => `φ′(net)`,
  };
}

// phi, phi'(z, a) and both in words; `o` stands for the node's output, `z` for its net input.
const ACTIVATIONS = {
  Identity: () => ({ phi: (z) => z, slope: () => 1, words: "φ(net) = net", slopeWords: () => "1" }),
  Logistic: () => ({
    phi: expit,
    slope: (z, a) => a * (1 - a),
    words: "φ(net) = 1 / (1 + e^−net)",
    slopeWords: (o) => `${o} (1 − ${o})`,
  }),
  Tanh: () => ({
    phi: Math.tanh,
    slope: (z, a) => 1 - a * a,
    words: "φ(net) = tanh(net)",
    slopeWords: (o) => `(1 − ${o}²)`,
  }),
  ReLU: () => ({
    phi: (z) => (z > 0 || Number.isNaN(z) ? z : 0),
    slope: (z, a) => (a > 0 ? 1 : 0),
    words: "φ(net) = max(net, 0)",
    slopeWords: (o, z) => `[${z} > 0]`,
  }),
  LeakyReLU: ({ negative_slope: s }) => ({
    phi: (z) => Math.max(z, s * z),
    slope: (z) => (z > 0 ? 1 : s),
    words: `φ(net) = net where net > 0, else ${s} net`,
    slopeWords: () => "φ′(net)",
  }),
  ELU: ({ alpha }) => eluWith(1, alpha),
  SELU: () => eluWith(1.0507009873554805, 1.6732632423543772),
  Softplus: () => ({
    phi: softplus,
    slope: expit,
    words: "φ(net) = log(1 + e^net)",
    slopeWords: (o, z) => `logistic(${z})`,
  }),
  SiLU: () => ({
    phi: (z) => z * expit(z),
    slope: (z) => expit(z) * (1 + z * (1 - expit(z))),
    words: "φ(net) = net · logistic(net)",
    slopeWords: () => "φ′(net)",
  }),
  GELU: () => ({
    phi: (z) => z * normalDistribution(z),
    slope: (z) => normalDistribution(z) + z * normalDensity(z),
    words: "φ(net) = net · Φ(net), Φ the normal distribution",
    slopeWords: () => "φ′(net)",
  }),
  Mish: () => ({
    phi: (z) => z * Math.tanh(softplus(z)),
    slope: (z) => {
      const t = Math.tanh(softplus(z));
      return t + z * expit(z) * (1 - t * t);
    },
    words: "φ(net) = net · tanh(log(1 + e^net))",
    slopeWords: () => "φ′(net)",
  }),
  Bounded: ({ low, high }) => ({
    phi: (z) => Math.min(low + (high - low) * expit(z), high),
    slope: (z) => (high - low) * expit(z) * (1 - expit(z)),
    words: `φ(net) = ${low} + ${high - low} / (1 + e^−net)`,
    slopeWords: () => "φ′(net)",
  }),
};

function logSumExp(z) {
  const top = Math.max(...z);
  return top + Math.log(z.reduce((sum, v) => sum + Math.exp(v - top), 0));
}

const IDENTITY_LINK = { link: (z) => z.slice(), linkWords: null };
const EXP_LINK = { link: (z) => z.map(Math.exp), linkWords: "e^net" };

function smoothed(t, smoothing, nClasses) {
  return (1 - smoothing) * t + smoothing / nClasses;
}

// link: from the last layer's output z to Out; value and slope of one output: L(t, o, z) and dL/dz;
// the same in words, of symbols or of numbers.
const LOSSES = {
  SquaredError: () => ({
    ...IDENTITY_LINK,
    value: (t, o) => 0.5 * (o - t) ** 2,
    slope: (t, o) => o - t,
    words: (t, o) => `½ (${t} − ${o})²`,
    slopeWords: (t, o) => `(${o} − ${t})`,
  }),
  AbsoluteError: () => ({
    ...IDENTITY_LINK,
    value: (t, o) => Math.abs(o - t),
    slope: (t, o) => Math.sign(o - t),
    words: (t, o) => `|${o} − ${t}|`,
    slopeWords: (t, o) => `sign(${o} − ${t})`,
  }),
  Huber: ({ delta }) => {
    const cut = (r) => Math.max(-delta, Math.min(delta, r));
    return {
      ...IDENTITY_LINK,
      value: (t, o) => cut(o - t) * (o - t - 0.5 * cut(o - t)),
      slope: (t, o) => cut(o - t),
      words: (t, o) => `Huber(${o} − ${t})`,
      slopeWords: (t, o) => `cut(${o} − ${t}, ±${delta})`,
    };
  },
  LogCosh: () => ({
    ...IDENTITY_LINK,
    value: (t, o) => Math.abs(o - t) + Math.log1p(Math.exp(-2 * Math.abs(o - t))) - Math.LN2,
    slope: (t, o) => Math.tanh(o - t),
    words: (t, o) => `log cosh(${o} − ${t})`,
    slopeWords: (t, o) => `tanh(${o} − ${t})`,
  }),
  Quantile: ({ quantile: q }) => ({
    ...IDENTITY_LINK,
    value: (t, o) => (o - t) * ((o > t) - q),
    slope: (t, o) => (o > t) - q,
    words: (t, o) => `(${o} − ${t}) ([${o} > ${t}] − ${q})`,
    slopeWords: (t, o) => `([${o} > ${t}] − ${q})`,
  }),
  Poisson: () => ({
    ...EXP_LINK,
    value: (t, o, z) => (t > 0 ? t * Math.log(t) : 0) - t * z - t + o,
    slope: (t, o) => o - t,
    words: (t, o) => `(${t} log(${t} / ${o}) − ${t} + ${o})`,
    slopeWords: (t, o) => `(${o} − ${t})`,
  }),
  Gamma: () => ({
    ...EXP_LINK,
    value: (t, o, z) => z - Math.log(t) + t * Math.exp(-z) - 1,
    slope: (t, o, z) => 1 - t * Math.exp(-z),
    words: (t, o) => `(log(${o} / ${t}) + ${t} / ${o} − 1)`,
    slopeWords: (t, o) => `(1 − ${t} / ${o})`,
  }),
  BinaryLogLoss: ({ label_smoothing: e }) => ({
    smoothing: e,
    link: (z) => z.map(expit),
    linkWords: "1 / (1 + e^−net)",
    value: (t, o, z) => softplus(z) - smoothed(t, e, 2) * z,
    slope: (t, o) => o - smoothed(t, e, 2),
    target: (t) => smoothed(t, e, 2),
    words: (t, o) => `(−${t} log ${o} − (1 − ${t}) log(1 − ${o}))`,
    slopeWords: (t, o) => `(${o} − ${t})`,
  }),
  MultinomialLogLoss: ({ label_smoothing: e }) => ({
    smoothing: e,
    link: (z) => z.map((v) => Math.exp(v - logSumExp(z))),
    linkWords: "e^net / Σₖ e^netₖ",
    value: (t, o, z, all) => smoothed(t, e, all.length) * (logSumExp(all) - z),
    slope: (t, o, z, all) => o - smoothed(t, e, all.length),
    target: (t, n) => smoothed(t, e, n),
    words: (t, o) => `(−${t} log ${o})`,
    slopeWords: (t, o) => `(${o} − ${t})`,
  }),
};

LOSSES.CrossEntropy = () => LOSSES.MultinomialLogLoss({ label_smoothing: 0 });

function dense(inputs, weight, bias) {
  const net = bias.slice();
  for (let k = 0; k < inputs.length; k += 1) {
    const x = inputs[k], row = weight[k];
    for (let j = 0; j < net.length; j += 1) net[j] += x * row[j];
  }
  return net;
}

function lossOf(loss, targets, z, sampleWeight) {
  const out = loss.link(z);
  const values = z.map((v, j) => loss.value(targets[j], out[j], v, z));
  const slopes = z.map((v, j) => sampleWeight * loss.slope(targets[j], out[j], v, z));
  return { out, slopes, error: sampleWeight * values.reduce((sum, v) => sum + v, 0) };
}

// A layer without weights is dropout, which in prediction passes everything through.
function forwardLayer(layer, inputs) {
  if (!layer.weight) return { inputs, net: null, output: inputs };
  const net = dense(inputs, layer.weight, layer.bias);
  return { inputs, net, output: net.map(layer.activation.phi) };
}

// dE/d(input), after `delta` is there.
function backwardLayer(layer, pass, outputGradient) {
  pass.outputGradient = outputGradient;
  pass.delta = null;
  if (!layer.weight) return outputGradient;
  const { slope } = layer.activation;
  pass.delta = pass.net.map((z, j) => outputGradient[j] * slope(z, pass.output[j]));
  return layer.weight.map((row) => row.reduce((sum, w, j) => sum + w * pass.delta[j], 0));
}

// One sample through the network and back. The `output` of the last layer is the one before the link.
function runSample(layers, loss, x, targets, sampleWeight) {
  const passes = [];
  let a = x;
  for (const layer of layers) {
    passes.push(forwardLayer(layer, a));
    a = passes.at(-1).output;
  }
  const { out, slopes, error } = lossOf(loss, targets, a, sampleWeight);
  let gradient = slopes;
  for (let i = layers.length - 1; i >= 0; i -= 1) gradient = backwardLayer(layers[i], passes[i], gradient);
  return { layers: passes, prediction: out, error, inputGradient: gradient };
}

function forwardError(layers, loss, x, targets, sampleWeight) {
  const z = layers.reduce((a, layer) => forwardLayer(layer, a).output, x);
  return lossOf(loss, targets, z, sampleWeight).error;
}

// dE/dw and dE/db of every layer, summed over the given passes.
function sumGradients(layers, passes) {
  return layers.map((layer, i) => {
    if (!layer.weight) return null;
    const weight = layer.weight.map((row) => new Float64Array(row.length));
    const bias = new Float64Array(layer.weight[0].length);
    for (const pass of passes) {
      const recorded = pass.layers[i].weightGradients;
      const { inputs, delta } = pass.layers[i];
      weight.forEach((row, k) => {
        for (let j = 0; j < row.length; j += 1) row[j] += recorded ? recorded[k][j] : inputs[k] * delta[j];
      });
      for (let j = 0; j < bias.length; j += 1) bias[j] += (pass.layers[i].biasGradients || delta)[j];
    }
    return { weight, bias };
  });
}

function descended(layers, gradients, rate) {
  return layers.map((layer, i) => {
    if (!layer.weight) return layer;
    const weight = layer.weight.map((row, k) => row.map((w, j) => w - rate * gradients[i].weight[k][j]));
    return { ...layer, weight, bias: layer.bias.map((b, j) => b - rate * gradients[i].bias[j]) };
  });
}
