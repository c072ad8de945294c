// The network as SVG: built once for a choice of nodes and a width, then only its numbers and classes change.

const SVG = "http://www.w3.org/2000/svg";
const drawing = { svg: document.getElementById("network"), items: new Map(), order: [], focus: null };

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

function text(parent, x, y, className) {
  return element("text", { x, y, class: className, "text-anchor": "middle" }, parent);
}

const room = () => drawing.svg.parentElement.clientWidth;

function geometry() {
  const available = room();
  const columns = N_LAYERS + 2;
  const narrow = available < 560;
  const width = narrow ? 68 : 84, height = 50;
  const gap = Math.max(narrow ? 34 : 38, Math.min(150, (available - columns * width - 10) / (columns - 1)));
  const most = Math.max(...state.shown.map((nodes) => nodes.length), state.shown[N_LAYERS].length + 1);
  const pitch = Math.max(58, Math.min(104, 480 / most));
  const top = 58;
  return { available, width, height, gap, pitch, top, columns, middle: top + (most * pitch) / 2, total: top + most * pitch + 30 };
}

function place(column, row, count) {
  const { width, gap, pitch, middle } = drawing.geometry;
  return { x: 4 + width / 2 + column * (width + gap), y: middle + (row - (count - 1) / 2) * pitch };
}

function box(key, column, row, count, className) {
  const { width, height } = drawing.geometry;
  const { x, y } = place(column, row, count);
  const group = element("g", { class: `item ${className}`, "data-key": key, role: "button", tabindex: "-1" }, drawing.svg);
  element("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: className === "node" ? 24 : 6 }, group);
  const texts = [text(group, x, y - 11, "name"), text(group, x, y + 5, "value"), text(group, x, y + 19, "more")];
  drawing.items.set(key, { group, texts, key });
}

function line(key, from, to, className) {
  const { width } = drawing.geometry;
  const group = element("g", { class: `item ${className}`, "data-key": key, role: "button", tabindex: "-1" }, drawing.svg);
  const ends = { x1: from.x + width / 2, y1: from.y, x2: to.x - width / 2, y2: to.y };
  element("line", { ...ends, class: "hit" }, group);
  const stroke = element("line", { ...ends, class: "stroke" }, group);
  drawing.items.set(key, { group, stroke, key });
}

function buildDrawing() {
  const { svg } = drawing;
  const hadFocus = svg.contains(document.activeElement);
  svg.replaceChildren();
  drawing.items.clear();
  drawing.geometry = geometry();
  const { width, gap, columns, total } = drawing.geometry;
  const span = columns * width + (columns - 1) * gap + 8;
  svg.setAttribute("viewBox", `0 0 ${span} ${total}`);
  svg.setAttribute("width", span);
  svg.setAttribute("height", total);
  drawEdges();
  drawTargets();
  state.shown.forEach((nodes, column) => {
    nodes.forEach((j, row) => box(outName(column, j), column, row, nodes.length, "node"));
    drawColumnHead(column, nodes);
  });
  drawing.order = readingOrder();
  drawing.focus = drawing.items.has(state.selected) ? state.selected : drawing.order[0][0];
  updateDrawing();
  if (hadFocus) drawing.items.get(drawing.focus).group.focus();
}

function drawEdges() {
  for (let i = 1; i <= N_LAYERS; i += 1) {
    const from = state.shown[i - 1], to = state.shown[i];
    if (passesThrough(i)) drawPassage(i, from, to);
    if (!hasEdges(i)) continue;
    to.forEach((j, b) =>
      from.forEach((k, a) => line(weightName(i, j, k), place(i - 1, a, from.length), place(i, b, to.length), "edge")),
    );
  }
}

// Dropout, which changes nothing here: from each node to its like.
function drawPassage(i, from, to) {
  to.forEach((j, row) => {
    const before = from.indexOf(j);
    if (before >= 0) plainLine(place(i - 1, before, from.length), place(i, row, to.length));
  });
}

function plainLine(from, to) {
  const { width } = drawing.geometry;
  const ends = { x1: from.x + width / 2, y1: from.y, x2: to.x - width / 2, y2: to.y };
  element("line", { ...ends, class: "plain" }, drawing.svg);
}

function drawTargets() {
  const outputs = state.shown[N_LAYERS], column = N_LAYERS + 1, count = outputs.length;
  outputs.forEach((j, row) => {
    plainLine(place(N_LAYERS, row, count), place(column, row, count));
    box(targetName(j), column, row, count, "target");
  });
  box("E", column, count, count, "error");
  const { x } = place(column, 0, count);
  text(drawing.svg, x, 18, "head").textContent = "Target, E";
}

function drawColumnHead(column, nodes) {
  const { x, y } = place(column, nodes.length - 1, nodes.length);
  text(drawing.svg, x, 18, "head").textContent = column === N_LAYERS ? "Output" : layerTitle(column);
  text(drawing.svg, x, 34, "kind").textContent = kindOf(column);
  const rest = widths[column] - nodes.length;
  if (rest > 0) text(drawing.svg, x, y + 44, "kind rest").textContent = `and ${rest} more`;
}

// Groups in reading order: nodes of a layer, then the edges into the next one, ..., targets and E.
function readingOrder() {
  const groups = [];
  state.shown.forEach((nodes, i) => {
    if (hasEdges(i)) groups.push(nodes.flatMap((j) => state.shown[i - 1].map((k) => weightName(i, j, k))));
    groups.push(nodes.map((j) => outName(i, j)));
  });
  groups.push([...state.shown[N_LAYERS].map(targetName), "E"]);
  return groups;
}

function isKnown(key) {
  const { kind, layer } = parse(key);
  if (kind === "node") return state.step >= forwardStep(layer);
  return kind !== "error" || state.step >= LOSS_STEP;
}

function isActive(key) {
  const step = STEPS[state.step], { kind, layer } = parse(key);
  if (step.kind === "update" || step.kind === "gradient") return kind === "edge";
  if (step.kind === "input") return kind === "node" && layer === 0;
  if (step.kind === "loss") return kind === "target" || kind === "error" || (kind === "node" && layer === N_LAYERS);
  if (kind === "node") return layer === step.layer;
  if (step.kind === "forward") return kind === "edge" && layer === step.layer;
  return isLast(step.layer) ? kind === "target" : kind === "edge" && layer === step.layer + 1;
}

// What the lines show in this step, and how it is called.
function edgeQuantity() {
  const { kind } = STEPS[state.step];
  if (kind === "gradient") return { name: "dE/dw", of: gradientOf };
  if (kind === "update" && model.editable) return { name: "−η dE/dw, the change of w", of: (i, j, k) => -state.rate * gradientOf(i, j, k) };
  return { name: "the weight w", of: weightOf };
}

function updateEdges() {
  const quantity = edgeQuantity();
  const edges = [...drawing.items.values()].filter((item) => item.stroke);
  const values = edges.map(({ key }) => quantity.of(...edgeOf(key)));
  const largest = Math.max(1e-300, ...values.map(Math.abs).filter(Number.isFinite));
  edges.forEach(({ group, stroke }, n) => {
    const size = Number.isFinite(values[n]) ? Math.abs(values[n]) / largest : 1;
    stroke.setAttribute("stroke-width", (0.8 + 4.2 * size).toFixed(2));
    group.classList.toggle("negative", values[n] < 0);
  });
  document.getElementById("quantity").textContent = quantity.name;
}

function nodeTexts(layer, j) {
  const { pass } = state.numbers, out = outOf(pass, layer, j);
  if (layer === 0) return [outName(0, j), brief(out), model.features[j]];
  if (state.step < forwardStep(layer)) return [outName(layer, j), "?", isLast(layer) ? outputLabel(j) : ""];
  if (state.step < deltaStep(layer)) return [outName(layer, j), brief(out), isLast(layer) ? outputLabel(j) : ""];
  const { delta } = passLayer(layer);
  return [outName(layer, j), brief(out), delta ? `δ ${brief(delta[j])}` : ""];
}

const outputLabel = (j) => (model.target_names[j] === "target" ? "" : model.target_names[j]);

function itemTexts(key) {
  const { kind, layer, node } = parse(key);
  if (kind === "node") return nodeTexts(layer, node);
  if (kind === "target") return [targetName(node), brief(state.targets[state.sample][node]), outputLabel(node)];
  const { error, errorAfter } = state.numbers;
  const after = STEPS[state.step].kind === "update" && errorAfter !== null ? `then ${brief(errorAfter)}` : "";
  return [isAll() ? "E, all" : "E", isKnown("E") ? brief(error) : "?", after];
}

function shortened(label) {
  const most = drawing.geometry.width > 70 || label.startsWith("δ") ? 12 : 9;
  return label.length > most ? `${label.slice(0, most - 1)}…` : label;
}

function updateDrawing() {
  updateEdges();
  for (const { group, texts, key } of drawing.items.values()) {
    group.classList.toggle("active", isActive(key));
    group.classList.toggle("selected", key === state.selected);
    group.classList.toggle("unknown", !isKnown(key));
    group.setAttribute("tabindex", key === drawing.focus ? "0" : "-1");
    group.setAttribute("aria-label", spoken(key));
    if (texts) itemTexts(key).forEach((label, n) => (texts[n].textContent = shortened(label)));
  }
}

function spoken(key) {
  const place = parse(key);
  const values = [];
  if (place.kind === "edge") {
    const at = edgeOf(key);
    values.push(`weight ${short(weightOf(...at))}`, `dE/dw ${short(gradientOf(...at))}`);
  } else if (place.kind === "target") values.push(short(state.targets[state.sample][place.node]));
  else if (place.kind === "error") values.push(isKnown("E") ? short(state.numbers.error) : "not computed yet");
  else if (place.layer === 0) values.push(short(outOf(state.numbers.pass, 0, place.node)));
  else if (!isKnown(key)) values.push("not computed yet");
  else {
    const { net, delta } = passLayer(place.layer);
    if (net) values.push(`net ${short(net[place.node])}`);
    values.push(`Out ${short(outOf(state.numbers.pass, place.layer, place.node))}`);
    if (delta && state.step >= deltaStep(place.layer)) values.push(`delta ${short(delta[place.node])}`);
  }
  return `${titleOf(key)}: ${values.join(", ")}`;
}

// Scrolls the drawing sideways, not the page, until the active layer is seen.
function showActiveLayer() {
  const { kind, layer } = STEPS[state.step];
  const column = { input: 0, loss: N_LAYERS + 1, gradient: null, update: null }[kind];
  if (column === null) return;
  const { x } = place(column ?? layer, 0, 1), view = drawing.svg.parentElement;
  view.scrollTo({ left: x - view.clientWidth / 2 });
}

function moveFocus(step, byGroup) {
  const groups = drawing.order, at = groups.findIndex((group) => group.includes(drawing.focus));
  if (byGroup) focusOn((groups[at + step] || groups[at])[0]);
  else {
    const flat = groups.flat();
    focusOn(flat[Math.max(0, Math.min(flat.length - 1, flat.indexOf(drawing.focus) + step))]);
  }
}

function focusOn(key) {
  drawing.focus = key;
  drawing.items.get(key).group.focus();
}
