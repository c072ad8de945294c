// The steps in words: a title, what happens, the rule, and one example from the network.

function stepName({ kind, layer }) {
  return {
    input: "Input",
    forward: `Forward ${layer}`,
    loss: "Error",
    delta: `Deltas ${layer}`,
    gradient: "Gradient",
    update: "Update",
  }[kind];
}

function exampleNode(layer) {
  const place = parse(state.selected);
  if (place.kind === "node" && place.layer === layer) return place.node;
  if (place.kind === "edge" && place.layer === layer) return place.to;
  return state.shown[layer][0];
}

function exampleEdge() {
  const place = parse(state.selected);
  if (place.kind === "edge") return state.selected;
  const own = place.kind === "node" && hasEdges(place.layer);
  const layer = own ? place.layer : range(N_LAYERS + 1).find(hasEdges);
  if (layer === undefined) return null;
  return weightName(layer, own ? place.node : state.shown[layer][0], state.shown[layer - 1][0]);
}

function ofOtherKind({ name, kind }) {
  if (kind === "Dropout") return "This layer drops nodes in training only; here it passes everything through.";
  return `${name} is a layer of kind ${kind}: its numbers are those of the library.`;
}

const ofEachOutput = (symbol) => (widths[N_LAYERS] > 1 ? `${symbol}[j]` : symbol);

function errorRule() {
  if (!loss) return `E: ${model.loss.kind}`;
  return `E = ${widths[N_LAYERS] > 1 ? "Σⱼ " : ""}${loss.words(ofEachOutput("T"), ofEachOutput("Out"))}`;
}

function outputDeltaRule(i) {
  const delta = `δ[${i},j] = dE/dnet[${i},j]`;
  if (!loss) return delta;
  const slope = loss.slopeWords(ofEachOutput("T"), ofEachOutput("Out"));
  return isLinked(i) || isIdentity(i) ? `${delta} = ${slope}` : `${delta} = φ′(net[${i},j]) ${slope}`;
}

// With the sum over samples chosen, a node still has numbers for each of them.
const ofWhichSample = () => (isAll() ? ` The numbers are those of sample ${state.sample}.` : "");

const STEP_WORDS = {
  input: () => ({
    title: "The inputs",
    text: isAll()
      ? `All ${model.X.length} samples will be summed; the drawing shows sample ${state.sample}. Nothing is computed yet.`
      : `Sample ${state.sample} is put on the input nodes. Nothing is computed yet.`,
    rule: "n[0,k] = input k",
    parts: [],
  }),
  forward: (i) => {
    const j = exampleNode(i), layer = state.layers[i - 1];
    const parts = passLayer(i).net ? [netPart(i, j), outPart(i, j)] : [outPart(i, j)];
    if (!isDense(i)) return { title: `Forward: layer ${i}`, text: ofOtherKind(layer), rule: "", parts };
    const then = hasOwnLink(i)
      ? `This is the last layer: the prediction is ${model.link}(net).`
      : isIdentity(i)
        ? "Its output is that sum itself."
        : "Its output is φ of that sum.";
    return {
      title: `Forward: layer ${i}`,
      text: `Each node sums its inputs, times the weights, and adds its bias. ${then}${ofWhichSample()}`,
      rule: `net[${i},j] = Σₖ w[${i},j,k] ${isConnected(i) ? `n[${i - 1},k]` : `x[${i},k]`} + b[${i},j]`,
      parts,
    };
  },
  loss: () => ({
    title: "The error",
    text: "This step uses the targets for the first time. The outputs are compared with them.",
    rule: errorRule(),
    parts: errorParts(),
  }),
  delta: (i) => {
    const j = exampleNode(i);
    if (isLast(i)) {
      return {
        title: `Deltas: layer ${i}, the output`,
        text: `δ of a node is dE/dnet: how E changes with the node's net input. At the output it follows from the error at once.${ofWhichSample()}`,
        rule: outputDeltaRule(i),
        parts: isLinked(i) ? [deltaPart(i, j)] : [outputGradientPart(i, j), deltaPart(i, j)],
      };
    }
    if (!passLayer(i).delta || !canExplainDelta(i)) {
      const parts = [outputGradientPart(i, j), ...(passLayer(i).delta ? [deltaPart(i, j)] : [])];
      return { title: `Backward: layer ${i}`, text: ofOtherKind(state.layers[passLayer(i).delta ? i : i - 1]), rule: "", parts };
    }
    return {
      title: `Deltas: layer ${i}`,
      text: `A hidden node has no target. Its δ comes from all deltas of layer ${i + 1}, which are already known, each times the weight between the nodes.${ofWhichSample()}`,
      rule: `δ[${i},j] = φ′(net[${i},j]) Σₖ w[${i + 1},k,j] δ[${i + 1},k]`,
      parts: [outputGradientPart(i, j), deltaPart(i, j)],
    };
  },
  gradient: () => {
    const key = exampleEdge();
    return {
      title: "The gradient",
      text: `Now every weight has its derivative: δ of the node it leads to, times the input of the weight. ${isAll() ? "The samples' derivatives are summed. " : ""}The input of a bias is 1.`,
      rule: isAll() ? "dE/dw[i,j,k] = Σ over samples of δ[i,j] n[i−1,k]" : "dE/dw[i,j,k] = δ[i,j] n[i−1,k]",
      parts: key ? edgeParts(...edgeOf(key)).filter((part) => part.field === "gradient") : [],
    };
  },
  update: () => {
    const key = exampleEdge();
    const parts = key ? edgeParts(...edgeOf(key)).filter((part) => /updated/.test(part.field)) : [];
    const { error, errorAfter } = state.numbers;
    if (model.editable) parts.push({ title: "E before and after this step", lines: [`= ${exact(error)} before`], result: errorAfter, field: "error_after" });
    return {
      title: "The update",
      text: "All weights and biases change together, against their derivatives. The minus sign makes E fall, if η is small enough.",
      rule: "w ← w − η dE/dw",
      parts,
    };
  },
};

function edgeOf(key) {
  const { layer, to, from } = parse(key);
  return [layer, to, from];
}

function currentWords() {
  const { kind, layer } = STEPS[state.step];
  return STEP_WORDS[kind](layer);
}
