// The reader's side: choices, edits, keys; everything that is shown is brought up to date in `update`.

const $ = (id) => document.getElementById(id);
const PLAY_SECONDS = 2.2;

function update() {
  updateDrawing();
  updateWords();
  updateDetails();
  updateTables();
  document.querySelectorAll("#steps button").forEach((button, n) => {
    if (n !== state.step) return button.removeAttribute("aria-current");
    button.setAttribute("aria-current", "step");
    $("steps").scrollTo({ left: button.offsetLeft - $("steps").offsetLeft - 100 });
  });
  $("previous").disabled = state.step === 0;
  $("next").disabled = state.step === STEPS.length - 1;
  $("play").textContent = state.playing ? "Pause" : "Play";
  $("reset").disabled = !state.edited;
  $("edited").hidden = !state.edited;
}

function updateWords() {
  const { title, text: words, rule, parts } = currentWords();
  $("step-title").textContent = title;
  $("step-text").textContent = words;
  $("rule").textContent = rule;
  $("rule").hidden = !rule;
  $("example").innerHTML = rendered(parts);
  $("take").hidden = !(STEPS[state.step].kind === "update" && model.editable);
}

function say(words) {
  $("live").textContent = words;
}

function saySteps() {
  const { title, text: words, parts } = currentWords();
  const numbers = parts.filter((part) => part.result !== undefined).map((part) => `${part.title} is ${short(part.result)}`);
  say(`Step ${state.step + 1} of ${STEPS.length}. ${title}. ${words} ${numbers.join(". ")}`);
}

function goTo(step) {
  state.step = Math.max(0, Math.min(STEPS.length - 1, step));
  const { layer } = STEPS[state.step];
  if (layer) layerChoice.value = layer;
  update();
  showActiveLayer();
  saySteps();
}

function play(on) {
  clearInterval(state.playing);
  state.playing = on ? setInterval(playOn, PLAY_SECONDS * 1000) : null;
  update();
}

function playOn() {
  goTo(state.step + 1);
  if (state.step === STEPS.length - 1) play(false);
}

function select(key) {
  if (state.selected === key) return;
  state.selected = key;
  update();
}

function hover(key) {
  if ($("editor").contains(document.activeElement) || state.hovered === key) return;
  state.hovered = key;
  updateDetails();
}

// The numbers and formulas of what is under the pointer, else of what was chosen; fields to change it.
function updateDetails() {
  const key = state.hovered || state.selected;
  $("details-title").textContent = titleOf(key);
  $("details").innerHTML = rendered(partsOf(key));
  if ($("editor").dataset.key !== `${key} ${state.sample}`) buildEditor(key);
  for (const field of $("editor").querySelectorAll("input, select")) {
    if (field !== document.activeElement) field.value = field.current();
  }
}

function buildEditor(key) {
  const { kind, layer, node, to, from } = parse(key);
  $("editor").dataset.key = `${key} ${state.sample}`;
  $("editor").replaceChildren();
  if (!model.editable) return;
  const s = state.sample;
  if (kind === "node" && layer === 0) {
    numberField(`${outName(0, node)}, ${model.features[node]}`, () => state.X[s][node], (v) => (state.X[s][node] = v));
  } else if (kind === "node") {
    numberField(`bias ${biasName(layer, node)}`, () => state.layers[layer - 1].bias[node], (v) => (state.layers[layer - 1].bias[node] = v));
    if (layer === N_LAYERS) targetField(node);
  } else if (kind === "edge") {
    numberField(`weight ${key}`, () => weightOf(layer, to, from), (v) => (state.layers[layer - 1].weight[from][to] = v));
  } else if (kind === "target") targetField(node);
}

function targetField(node) {
  const s = state.sample;
  if (model.classes) classField(s);
  else numberField(`target ${targetName(node)}`, () => state.targets[s][node], (v) => (state.targets[s][node] = v));
}

function labelled(label, field) {
  const made = document.createElement("label");
  made.append(label, field);
  $("editor").append(made);
}

function numberField(label, current, change) {
  const field = document.createElement("input");
  Object.assign(field, { type: "number", step: "any", current: () => Number(current().toPrecision(7)) });
  field.addEventListener("input", () => takeNumber(field, change));
  labelled(label, field);
}

function takeNumber(field, change) {
  const value = field.valueAsNumber;
  field.setAttribute("aria-invalid", String(!Number.isFinite(value)));
  if (!Number.isFinite(value)) return;
  edit(() => change(value));
  update();
  say(`E is ${short(state.numbers.error)}`);
}

// The class of one sample: the row of targets that its label stands for.
function classField(s) {
  const field = document.createElement("select");
  model.classes.forEach(({ label }, n) => field.append(new Option(label, n)));
  field.current = () => model.classes.findIndex(({ row: columns }) => columns.every((t, j) => t === state.targets[s][j]));
  field.addEventListener("change", () => {
    edit(() => (state.targets[s] = model.classes[field.value].row.slice()));
    update();
    say(`E is ${short(state.numbers.error)}`);
  });
  labelled("class of this sample", field);
}

// Which nodes of a large layer are drawn: from one on, or those of the largest absolute value.
function buildChoices() {
  $("choices").hidden = widths.every((n) => n <= MOST_DRAWN);
  widths.forEach((n, column) => {
    if (n <= MOST_DRAWN) return;
    const made = document.createElement("div");
    made.innerHTML = `<label>${escaped(layerTitle(column))}, ${MOST_DRAWN} of ${n} nodes: <select><option value="from">from number</option><option value="out">with the largest |Out|</option>
      ${column ? '<option value="delta">with the largest |dE/dOut|</option>' : ""}</select></label>
      <input type="number" min="1" max="${n - MOST_DRAWN + 1}" value="1" aria-label="first node drawn, ${escaped(layerTitle(column))}">
      <button type="button">Previous ${MOST_DRAWN}</button><button type="button">Next ${MOST_DRAWN}</button>`;
    const order = made.querySelector("select"), first = made.querySelector("input");
    const [back, on] = made.querySelectorAll("button");
    const choose = () => {
      state.shown[column] = chosenNodes(column, order.value, first);
      [first, back, on].forEach((part) => (part.hidden = order.value !== "from"));
      buildDrawing();
      update();
    };
    const turn = (by) => {
      first.value = Number(first.value) + by;
      choose();
    };
    order.addEventListener("change", choose);
    first.addEventListener("change", choose);
    back.addEventListener("click", () => turn(-MOST_DRAWN));
    on.addEventListener("click", () => turn(MOST_DRAWN));
    $("choices").append(made);
  });
}

function chosenNodes(column, order, first) {
  const n = widths[column];
  if (order === "from") {
    first.value = Math.max(1, Math.min(n - MOST_DRAWN + 1, Math.round(Number(first.value)) || 1));
    return range(MOST_DRAWN).map((i) => i + Number(first.value) - 1);
  }
  const size = (j) => Math.abs(order === "delta" ? passLayer(column).outputGradient[j] : outOf(state.numbers.pass, column, j));
  return range(n).sort((a, b) => size(b) - size(a)).slice(0, MOST_DRAWN).sort((a, b) => a - b);
}

function buildControls() {
  STEPS.forEach((step, n) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = stepName(step);
    button.addEventListener("click", () => goTo(n));
    const item = document.createElement("li");
    item.append(button);
    $("steps").append(item);
  });
  model.sample_names.forEach((name, s) => $("sample").append(new Option(name, s)));
  $("sample").addEventListener("change", () => changed(() => (state.sample = Number($("sample").value))));
  $("scope").addEventListener("change", () => changed(() => (state.scope = $("scope").value)));
  $("scope").disabled = model.X.length === 1;
  $("rate").value = state.rate;
  $("rate").addEventListener("input", () => takeNumber($("rate"), (v) => (state.rate = v)));
  $("reset").addEventListener("click", () => {
    reset();
    $("rate").value = state.rate;
    update();
    say("All numbers are those of the library again.");
  });
  $("take").querySelector("button").addEventListener("click", takeStep);
  $("previous").addEventListener("click", () => goTo(state.step - 1));
  $("next").addEventListener("click", () => goTo(state.step + 1));
  $("play").addEventListener("click", () => {
    if (!state.playing && state.step === STEPS.length - 1) goTo(0);
    play(!state.playing);
  });
}

function changed(change) {
  change();
  recompute();
  update();
  saySteps();
}

function takeStep() {
  edit(() => (state.layers = state.numbers.after));
  goTo(0);
  say(`The weights have changed. E is ${short(state.numbers.error)}`);
}

function listenToDrawing() {
  const view = drawing.svg.parentElement; // an svg that listens to focus would take it
  const keyAt = (event) => event.target.closest?.(".item")?.dataset.key || null;
  view.addEventListener("pointerover", (event) => event.pointerType !== "touch" && hover(keyAt(event)));
  view.addEventListener("pointerleave", () => hover(null));
  view.addEventListener("click", (event) => keyAt(event) && focusOn(keyAt(event)));
  view.addEventListener("focusin", (event) => {
    if (!keyAt(event)) return;
    drawing.focus = keyAt(event);
    state.hovered = null;
    select(keyAt(event));
    updateDrawing();
  });
  view.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: [1], ArrowUp: [-1], PageDown: [1, true], PageUp: [-1, true] };
    if (event.key in moves) moveFocus(...moves[event.key]);
    else if (event.key === "Enter" || event.key === " ") $("editor").querySelector("input, select")?.focus();
    else return;
    event.preventDefault();
  });
}

function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, select, textarea")) return;
    if (event.key === "ArrowRight") goTo(state.step + 1);
    else if (event.key === "ArrowLeft") goTo(state.step - 1);
    else return;
    event.preventDefault();
  });
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function listenToTheme() {
  const name = () => ($("theme").textContent = isDark() ? "Light page" : "Dark page");
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
  $("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    name();
  });
  name();
}

function start() {
  $("summary").textContent = model.summary;
  $("why-not").textContent = model.reason || "";
  $("why-not").hidden = model.editable;
  $("notes").textContent = model.notes.join(" ");
  for (const part of document.querySelectorAll(".editing")) part.hidden = !model.editable;
  recompute();
  buildControls();
  buildTables();
  buildChoices();
  buildDrawing();
  listenToDrawing();
  listenToKeys();
  listenToTheme();
  const fit = () => drawing.geometry.available !== room() && buildDrawing();
  new ResizeObserver(fit).observe(drawing.svg.parentElement);
  update();
}

start();
