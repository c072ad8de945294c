// What a node, an edge, a target or E is: symbols first, then numbers. Each part is {title, lines}.

const MOST_PATHS = 12;

const isAll = () => state.scope === "all";
const passLayer = (i) => state.numbers.pass.layers[i - 1];
const weightOf = (i, j, k) => state.layers[i - 1].weight[k][j];
const gradientOf = (i, j, k) => state.numbers.gradients[i - 1].weight[k][j];
const biasGradientOf = (i, j) => state.numbers.gradients[i - 1].bias[j];
const isDense = (i) => state.layers[i - 1].kind === "Dense" && state.layers[i - 1].weight !== null;
const isLast = (i) => i === N_LAYERS;
const hasOwnLink = (i) => isLinked(i) && loss !== null;
const passesThrough = (i) => state.layers[i - 1].kind === "Dropout";
const canExplainDelta = (i) =>
  isLast(i) ? loss !== null : isConnected(i + 1) && (isDense(i + 1) || passesThrough(i + 1));

function slopeAt(i, j) {
  const { net, output } = passLayer(i);
  return state.layers[i - 1].activation.slope(net[j], output[j]);
}

function slopeSymbols(i, j) {
  const words = state.layers[i - 1].activation.slopeWords(outName(i, j), netName(i, j));
  return words === "φ′(net)" ? `φ′(${netName(i, j)})` : words;
}

const isIdentity = (i) => state.layers[i - 1].activation && state.layers[i - 1].activation.words === "φ(net) = net";

function netPart(i, j) {
  const { inputs, net } = passLayer(i), layer = state.layers[i - 1];
  const lines = [];
  if (isDense(i)) {
    const symbols = inputs.map((_, k) => `${weightName(i, j, k)} ${inputName(i, k)}`);
    const numbers = inputs.map((x, k) => `${factor(layer.weight[k][j])} · ${factor(x)}`);
    lines.push(`= ${sumText(symbols)} + ${biasName(i, j)}`, `= ${sumText(numbers)} + ${factor(layer.bias[j])}`);
  }
  return { title: netName(i, j), lines, result: net[j], field: "net" };
}

function outPart(i, j) {
  const { net } = passLayer(i), out = outOf(state.numbers.pass, i, j);
  const { activation } = state.layers[i - 1];
  const lines = [];
  if (passesThrough(i)) lines.push(`= ${inputName(i, j)}: in prediction, dropout passes everything through`);
  else if (hasOwnLink(i)) lines.push(`= ${model.link}(net) = ${loss.linkWords}`);
  else if (activation) lines.push(isIdentity(i) ? `= ${netName(i, j)}` : `= φ(${netName(i, j)}), ${activation.words}`);
  if (activation && !isIdentity(i) && !hasOwnLink(i)) lines.push(`= φ(${short(net[j])})`);
  return { title: isLast(i) ? `Out = ${outName(i, j)}` : outName(i, j), lines, result: out, field: "out" };
}

function outputGradientPart(i, j) {
  const result = passLayer(i).outputGradient[j], lines = [];
  if (isLast(i)) {
    if (loss) lines.push(...lossSlopeLines(j));
  } else if (canExplainDelta(i) && passesThrough(i + 1)) {
    lines.push(`= dE/d${outName(i + 1, j)}: in prediction, dropout passes everything through`);
  } else if (canExplainDelta(i)) {
    const { delta } = passLayer(i + 1), row = state.layers[i].weight[j];
    const above = range(widths[i + 1]);
    lines.push(
      `= Σₖ w[${i + 1},k,${j + 1}] δ[${i + 1},k], over all nodes k of layer ${i + 1}`,
      `= ${sumText(above.map((k) => `${weightName(i + 1, k, j)} ${deltaName(i + 1, k)}`))}`,
      `= ${sumText(above.map((k) => `${factor(row[k])} · ${factor(delta[k])}`))}`,
    );
  }
  return { title: `dE/d${outName(i, j)}`, lines, result, field: "output_gradient" };
}

function smoothedTarget(j) {
  const t = state.targets[state.sample][j];
  return loss.target ? loss.target(t, widths[N_LAYERS]) : t;
}

function lossSlopeLines(j) {
  const out = outOf(state.numbers.pass, N_LAYERS, j), weight = sampleWeight(state.sample);
  const times = (text, symbol) => (weight === 1 ? text : `${symbol} · ${text}`);
  return [
    `= ${times(loss.slopeWords(targetName(j), "Out"), "sample weight")}`,
    `= ${times(loss.slopeWords(factor(smoothedTarget(j)), factor(out)), short(weight))}`,
  ];
}

function deltaPart(i, j) {
  const { delta, outputGradient } = passLayer(i), lines = [];
  if (state.layers[i - 1].activation && canExplainDelta(i)) {
    if (isIdentity(i) && isLinked(i)) lines.push(...lossSlopeLines(j));
    else if (isIdentity(i)) lines.push(`= dE/d${outName(i, j)}, as φ′ = 1`);
    else if (!isLinked(i)) {
      lines.push(
        `= ${slopeSymbols(i, j)} · dE/d${outName(i, j)}`,
        `= ${factor(slopeAt(i, j))} · ${factor(outputGradient[j])}`,
      );
    }
  }
  return { title: `${deltaName(i, j)} = dE/d${netName(i, j)}`, lines, result: delta[j], field: "delta" };
}

// Sum over the samples of delta times what came in (1 for a bias).
function gradientPart(title, i, j, cameIn, cameInName, result) {
  const lines = [];
  const product = (d, x) => (cameIn ? `${factor(d)} · ${factor(x)}` : factor(d));
  if (isDense(i)) {
    const times = cameIn ? ` · ${cameInName}` : "";
    if (isAll()) {
      const terms = state.numbers.passes.map((pass) => {
        const { delta, inputs } = pass.layers[i - 1];
        return product(delta[j], cameIn && cameIn(inputs));
      });
      lines.push(`= Σ over the samples of ${deltaName(i, j)}${times}`, `= ${sumText(terms, 4)}`);
    } else {
      const { delta, inputs } = passLayer(i);
      lines.push(`= ${deltaName(i, j)}${times}`, `= ${product(delta[j], cameIn && cameIn(inputs))}`);
    }
  }
  return { title, lines, result, field: "gradient" };
}

function updatePart(symbol, value, gradient, solverStep) {
  const parts = [];
  if (model.editable) {
    parts.push({
      title: `new ${symbol}`,
      lines: [`= ${symbol} − η ${dE(symbol)}`, `= ${factor(value)} − ${short(state.rate)} · ${factor(gradient)}`],
      result: value - state.rate * gradient,
      field: "updated",
    });
  }
  if (solverStep !== null && !state.edited) {
    parts.push({
      title: `new ${symbol} by the estimator's ${model.solver}`,
      lines: [`= ${factor(value)} + ${factor(solverStep)}, its step on all rows`],
      result: value + solverStep,
      field: "solver_updated",
    });
  }
  return parts;
}

const dE = (symbol) => `dE/d${symbol}`;

function nodeParts(i, j) {
  if (i === 0) {
    const value = outOf(state.numbers.pass, 0, j);
    return [{ title: outName(0, j), lines: [`input ${j + 1}: ${model.features[j]}`], result: value, field: "out" }, inputGradientPart(j)];
  }
  const layer = state.layers[i - 1], { net, delta } = passLayer(i);
  const parts = net ? [netPart(i, j), outPart(i, j)] : [outPart(i, j)];
  if (!isLinked(i)) parts.push(outputGradientPart(i, j));
  if (delta) parts.push(deltaPart(i, j));
  if (layer.bias) {
    const gradient = biasGradientOf(i, j), update = layer.update && layer.update.bias[j];
    parts.push(gradientPart(dE(biasName(i, j)), i, j, null, "", gradient));
    parts.push(...updatePart(biasName(i, j), layer.bias[j], gradient, update ?? null));
  }
  return parts;
}

function inputGradientPart(k) {
  const { delta } = passLayer(1), lines = [];
  if (isConnected(1) && isDense(1)) {
    const numbers = delta.map((d, j) => `${factor(weightOf(1, j, k))} · ${factor(d)}`);
    lines.push(`= Σⱼ w[1,j,${k + 1}] δ[1,j]`, `= ${sumText(numbers)}`);
  }
  return { title: dE(outName(0, k)), lines, result: state.numbers.pass.inputGradient[k], field: "output_gradient" };
}

function edgeParts(i, j, k) {
  const layer = state.layers[i - 1], weight = weightOf(i, j, k), gradient = gradientOf(i, j, k);
  const symbol = weightName(i, j, k), x = passLayer(i).inputs[k];
  const parts = [{ title: symbol, lines: [], result: weight, field: "weight" }];
  if (isDense(i)) {
    const line = [`= ${symbol} · ${inputName(i, k)}`, `= ${factor(weight)} · ${factor(x)}`];
    parts.push({ title: `its share of ${netName(i, j)}`, lines: line, result: weight * x, field: "share" });
  }
  parts.push(gradientPart(dE(symbol), i, j, (inputs) => inputs[k], inputName(i, k), gradient));
  if (!isAll()) parts.push(...pathParts(i, j, k));
  const update = layer.update && layer.update.weight[k][j];
  parts.push(...updatePart(symbol, weight, gradient, update ?? null));
  return parts;
}

// The chain rule with delta of the last layer written as it is, and every path through the layers between.
function pathParts(i, j, k) {
  if (isLast(i) || !range(N_LAYERS - i + 1).every((n) => isDense(i + n) && canExplainDelta(i + n))) return [];
  const count = widths.slice(i + 1).reduce((product, n) => product * n, 1);
  const title = `${plural(count, "path")} from ${weightName(i, j, k)} to E`;
  if (count > MOST_PATHS) return [{ title, lines: ["The sums over the nodes of each next layer, inside the δ's, take all of them."] }];
  const paths = pathsFrom(i, j).map((nodes) => pathOf(i, k, nodes));
  return [
    {
      title,
      lines: [
        count === 1 ? "δ written out:" : "δ written out, every path is a term of the sum:",
        ...paths.flatMap(({ symbols, numbers, product }, n) => [
          `${n ? "+" : "="} ${symbols.join(" · ")}`,
          `\t= ${numbers.map(factor).join(" · ")} = ${short(product)}`,
        ]),
      ],
      result: paths.reduce((sum, path) => sum + path.product, 0),
      field: "paths",
    },
  ];
}

// The factors of one path, from delta of the output node back to what came along the weight.
function pathOf(i, k, nodes) {
  const symbols = [], numbers = [];
  const times = (symbol, number) => {
    symbols.push(symbol);
    numbers.push(number);
  };
  for (let n = nodes.length - 1; n >= 0; n -= 1) {
    const layer = i + n, node = nodes[n];
    if (isLast(layer)) times(deltaName(layer, node), passLayer(layer).delta[node]);
    else if (!isIdentity(layer)) times(slopeSymbols(layer, node), slopeAt(layer, node));
    if (n > 0) times(weightName(layer, node, nodes[n - 1]), weightOf(layer, node, nodes[n - 1]));
  }
  times(inputName(i, k), passLayer(i).inputs[k]);
  return { symbols, numbers, product: numbers.reduce((product, f) => product * f, 1) };
}

function pathsFrom(i, j) {
  if (isLast(i)) return [[j]];
  return range(widths[i + 1]).flatMap((next) => pathsFrom(i + 1, next).map((path) => [j, ...path]));
}

function targetParts(j) {
  const t = state.targets[state.sample][j], parts = [];
  parts.push({ title: targetName(j), lines: [model.target_names[j]], result: t, field: "target" });
  if (loss && loss.smoothing) {
    parts.push({ title: "smoothed", lines: [`label_smoothing ${loss.smoothing}`], result: smoothedTarget(j) });
  }
  return parts;
}

function errorParts() {
  const { pass } = state.numbers, parts = [];
  if (loss) {
    const weight = sampleWeight(state.sample), targets = range(widths[N_LAYERS]);
    const term = (t, o) => loss.words(t, o);
    const symbols = targets.map((j) => term(targetName(j), outName(N_LAYERS, j)));
    const numbers = targets.map((j) => term(short(smoothedTarget(j)), short(pass.prediction[j])));
    const front = (text, w) => (weight === 1 ? text : `${w} · (${text})`);
    parts.push({
      title: `E of sample ${state.sample}`,
      lines: [`= ${front(sumText(symbols, 6), "sample weight")}`, `= ${front(sumText(numbers, 6), short(weight))}`],
      result: pass.error,
      field: "error",
    });
  } else parts.push({ title: `E of sample ${state.sample}`, lines: [], result: pass.error, field: "error" });
  if (isAll()) {
    const each = state.numbers.passes.map((p) => short(p.error));
    parts.push({ title: "E of all samples", lines: [`= ${sumText(each, 6)}`], result: state.numbers.error, field: "total" });
  }
  return parts;
}

function partsOf(key) {
  const place = parse(key);
  if (place.kind === "node") return nodeParts(place.layer, place.node);
  if (place.kind === "edge") return edgeParts(place.layer, place.to, place.from);
  return place.kind === "target" ? targetParts(place.node) : errorParts();
}

function titleOf(key) {
  const place = parse(key);
  if (place.kind === "node") return `Node ${key}, ${place.layer === 0 ? model.features[place.node] : layerTitle(place.layer).toLowerCase()}`;
  if (place.kind === "edge") {
    return `Weight ${key}, from ${inputName(place.layer, place.from)} to ${outName(place.layer, place.to)}`;
  }
  return place.kind === "target" ? `Target ${key}, ${model.target_names[place.node]}` : "The error E";
}

function rendered(parts) {
  return parts
    .map(({ title, lines, result, field }) => {
      const values = lines
        .map((line) => `<div${line.startsWith("\t") ? ' class="indented"' : ""}>${escaped(line.trim())}</div>`)
        .join("");
      const total = result === undefined ? "" : `<div class="result">= <b data-field="${field}">${exact(result)}</b></div>`;
      return `<div class="part"><dt>${escaped(title)}</dt><dd>${values}${total}</dd></div>`;
    })
    .join("");
}
