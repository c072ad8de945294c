// What the reader has chosen and changed, and all numbers that follow from it.

const model = JSON.parse(document.getElementById("model").textContent, (key, value) =>
  value !== null && typeof value === "object" && "nonfinite" in value ? Number(value.nonfinite) : value,
);
const N_LAYERS = model.layers.length;
const MOST_DRAWN = 12; // nodes of one layer
const widths = [model.features.length, ...model.layers.map((layer) => layer.n_units)];
const loss = model.loss.kind in LOSSES ? LOSSES[model.loss.kind](model.loss.settings) : null;

function withActivation(layer) {
  const { activation } = layer;
  const known = activation && ACTIVATIONS[activation.kind];
  return { ...layer, activation: known ? known(activation.settings) : null };
}

function original() {
  return {
    X: model.X.map((row) => row.slice()),
    targets: model.targets.map((row) => row.slice()),
    layers: model.layers.map((layer) =>
      withActivation({
        ...layer,
        weight: layer.weight && layer.weight.map((row) => row.slice()),
        bias: layer.bias && layer.bias.slice(),
      }),
    ),
    rate: model.learning_rate,
    edited: false,
  };
}

const state = {
  ...original(),
  sample: 0,
  scope: "sample", // or "all": the sum over samples
  step: 0,
  selected: "n[1,1]",
  hovered: null,
  playing: null,
  shown: widths.map((n) => range(Math.min(n, MOST_DRAWN))), // the nodes that are drawn, by column
  numbers: null,
};

const STEPS = [
  { kind: "input" },
  ...range(N_LAYERS).map((i) => ({ kind: "forward", layer: i + 1 })),
  { kind: "loss" },
  ...range(N_LAYERS).map((i) => ({ kind: "delta", layer: N_LAYERS - i })),
  { kind: "gradient" },
  { kind: "update" },
];
const LOSS_STEP = N_LAYERS + 1;
const forwardStep = (layer) => layer;
const deltaStep = (layer) => LOSS_STEP + 1 + N_LAYERS - layer;

function sampleWeight(s) {
  return model.sample_weights ? model.sample_weights[s] : 1;
}

function recordedPass(s) {
  return {
    layers: model.layers.map(({ recorded }) => ({
      inputs: recorded.inputs[s],
      net: recorded.net_input && recorded.net_input[s],
      output: recorded.output[s],
      outputGradient: recorded.output_gradient[s],
      delta: recorded.delta && recorded.delta[s],
      weightGradients: recorded.weight_gradients && recorded.weight_gradients[s],
      biasGradients: recorded.bias_gradients && recorded.bias_gradients[s],
    })),
    prediction: model.recorded.prediction[s],
    error: model.recorded.errors[s],
    inputGradient: model.recorded.input_gradient[s],
  };
}

function passOf(s) {
  const pass = model.editable
    ? runSample(state.layers, loss, state.X[s], state.targets[s], sampleWeight(s))
    : recordedPass(s);
  return { ...pass, x: state.X[s] };
}

function errorOf(layers, samples) {
  return samples.reduce(
    (sum, s) => sum + forwardError(layers, loss, state.X[s], state.targets[s], sampleWeight(s)),
    0,
  );
}

function recompute() {
  const samples = state.scope === "all" ? range(model.X.length) : [state.sample];
  const passes = samples.map(passOf);
  const gradients = sumGradients(state.layers, passes);
  const after = model.editable ? descended(state.layers, gradients, state.rate) : null;
  state.numbers = {
    samples,
    passes,
    pass: state.scope === "all" ? passes[state.sample] : passes[0],
    gradients,
    error: passes.reduce((sum, pass) => sum + pass.error, 0),
    after,
    errorAfter: after && errorOf(after, samples),
  };
}

function edit(change) {
  change(state);
  state.edited = true;
  recompute();
}

function reset() {
  Object.assign(state, original());
  recompute();
}

// The output of a node as the reader knows it: of the last layer, what is predicted.
function outOf(pass, layer, j) {
  if (layer === 0) return pass.x[j];
  return layer === N_LAYERS ? pass.prediction[j] : pass.layers[layer - 1].output[j];
}

// The parts of "n[1,2]", "w[2,1,3]", "T[1]", "E".
function parse(key) {
  const kind = key[0];
  const [i, j, k] = (key.match(/\d+/g) || []).map(Number);
  if (kind === "n") return { kind: "node", layer: i, node: j - 1 };
  if (kind === "w") return { kind: "edge", layer: i, to: j - 1, from: k - 1 };
  return kind === "T" ? { kind: "target", node: i - 1 } : { kind: "error" };
}

function layerTitle(i) {
  if (i === 0) return "Input";
  return i === N_LAYERS ? `Output, layer ${i}` : `Layer ${i}`;
}

function kindOf(i) {
  if (i === 0) return plural(widths[0], "input");
  const { kind, activation } = model.layers[i - 1];
  const named = activation ? activation.name : kind;
  return isLinked(i) ? model.link : named;
}

// Whether what is predicted differs from the layer's output: the loss then gives delta at once.
const isLinked = (i) => i === N_LAYERS && model.link !== "identity";

// Whether edges can be drawn into a layer, and whether what runs along them is the layer before.
const hasEdges = (i) => i > 0 && state.layers[i - 1].weight !== null && state.layers[i - 1].weight.length === widths[i - 1];
const isConnected = (i) => i > 0 && model.layers[i - 1].connected;
const inputName = (i, k) => (isConnected(i) ? outName(i - 1, k) : `x[${i},${k + 1}]`);
