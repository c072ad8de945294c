// The same numbers as tables, of what is drawn: for reading, copying, and screen readers.

const nodeTable = document.querySelector("#nodes tbody");
const weightTable = document.querySelector("#weights tbody");
const layerChoice = document.getElementById("layer");

function row(table, key, cells) {
  const made = table.insertRow();
  made.dataset.key = key;
  for (const [field, value] of cells) {
    const cell = field === "name" ? document.createElement("th") : document.createElement("td");
    if (field === "name") cell.scope = "row";
    cell.dataset.field = field;
    cell.textContent = typeof value === "string" ? value : exact(value);
    made.append(cell);
  }
}

function updateTables() {
  nodeTable.replaceChildren();
  weightTable.replaceChildren();
  state.shown.forEach((nodes, i) => nodes.forEach((j) => nodeRow(i, j)));
  const i = Number(layerChoice.value);
  const layer = state.layers[i - 1];
  if (!layer.weight) return;
  const froms = layer.weight.length === widths[i - 1] ? state.shown[i - 1] : range(Math.min(layer.weight.length, MOST_DRAWN));
  for (const j of state.shown[i]) {
    for (const k of froms) weightRow(weightName(i, j, k), weightOf(i, j, k), gradientOf(i, j, k), layer.update && layer.update.weight[k][j]);
    weightRow(biasName(i, j), layer.bias[j], biasGradientOf(i, j), layer.update && layer.update.bias[j]);
  }
}

function nodeRow(i, j) {
  const { pass } = state.numbers;
  const label = i === 0 ? model.features[j] : i === N_LAYERS ? model.target_names[j] : layerTitle(i);
  const at = i === 0 ? null : passLayer(i);
  row(nodeTable, outName(i, j), [
    ["name", outName(i, j)],
    ["label", label],
    ["net", at && at.net && at.net[j]],
    ["out", outOf(pass, i, j)],
    ["output_gradient", isLinked(i) ? null : at ? at.outputGradient[j] : pass.inputGradient[j]],
    ["delta", at && at.delta && at.delta[j]],
  ]);
}

function weightRow(name, weight, gradient, solverStep) {
  row(weightTable, name, [
    ["name", name],
    ["weight", weight],
    ["gradient", gradient],
    ["updated", model.editable ? weight - state.rate * gradient : null],
    ["solver_updated", solverStep !== null && !state.edited ? weight + solverStep : null],
  ]);
}

function buildTables() {
  model.layers.forEach((layer, i) => {
    const option = new Option(`${layerTitle(i + 1)}: ${layer.name}, ${layer.kind}`, i + 1);
    layerChoice.append(option);
  });
  layerChoice.addEventListener("change", updateTables);
}
