"""PyTorch as an expert writes it: tensors made once, one permutation per epoch, fused Adam, no DataLoader."""

from itertools import pairwise

from performance_plan import ALPHA, LEARNING_RATE


def network(widths):
    import torch

    layers = []
    for n_inputs, n_units in pairwise(widths):
        layers += [torch.nn.Linear(n_inputs, n_units), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


class Torch:
    """Eager mode. Subclasses compile once; each fit starts with new numbers in the same tensors."""

    package = "torch"

    def __init__(self, case, n_threads):
        import torch

        torch.set_num_threads(n_threads)
        torch.set_default_dtype(getattr(torch, case.dtype))
        torch.manual_seed(0)
        self.torch, self.case = torch, case
        self.X, self.y = map(self.tensor, case.data())
        self.network = network(case.widths)
        self.prepare()

    def prepare(self):
        """The function that subclasses compile."""

    def tensor(self, values):
        values = self.torch.from_numpy(values)
        return values if values.ndim > 1 or self.case.for_classes else values[:, None]

    def loss(self, rows, targets):
        functions = self.torch.nn.functional
        output = self.network(rows)
        if self.case.for_classes:
            return functions.cross_entropy(output, targets)
        return 0.5 * functions.mse_loss(output, targets)

    def begin(self):
        for layer in self.network[::2]:
            self.torch.nn.init.xavier_uniform_(layer.weight)
            self.torch.nn.init.zeros_(layer.bias)
        self.optimizer = self.torch.optim.Adam(
            self.network.parameters(), LEARNING_RATE, weight_decay=ALPHA / self.case.batch, fused=True
        )

    def step(self, rows, targets):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(rows, targets)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def epoch(self):
        total = self.torch.zeros(())
        for chosen in self.torch.randperm(len(self.X)).split(self.case.batch):
            total += self.step(self.X.index_select(0, chosen), self.y.index_select(0, chosen))
        self.mean_loss = total.item() / self.case.n_batches

    def fit(self, n_epochs):
        self.begin()
        for _ in range(n_epochs):
            self.epoch()

    def predict(self, X):
        with self.torch.inference_mode():
            output = self.network(self.torch.from_numpy(X))
            return (output.argmax(1) if self.case.for_classes else output[:, 0]).numpy()

    def partial_fit(self, X, y):
        self.step(self.torch.from_numpy(X), self.tensor(y)).item()


class CompiledModel(Torch):
    """Forward, loss and backward are compiled; the fused Adam is not."""

    def prepare(self):
        self.loss = self.torch.compile(self.loss, fullgraph=True)


class CompiledStep(Torch):
    """The whole step, from rows to Adam, as one graph on one flat vector, called from C++."""

    def prepare(self):
        sizes = [param.numel() for param in self.network.parameters()]
        shapes = {name: param.shape for name, param in self.network.named_parameters()}
        self.theta = self.torch.zeros(sum(sizes))
        for param, values in zip(self.network.parameters(), self.theta.split(sizes)):
            param.data = values.view(param.shape)
        functions, network, decay = self.torch.nn.functional, self.network, ALPHA / self.case.batch
        grad_and_value, call = self.torch.func.grad_and_value, self.torch.func.functional_call
        loss_of = functions.cross_entropy if self.case.for_classes else functions.mse_loss
        factor = 1 if self.case.for_classes else 0.5

        def loss(theta, rows, targets):
            parts = zip(shapes.items(), theta.split(sizes))
            params = {name: part.view(shape) for (name, shape), part in parts}
            return factor * loss_of(call(network, params, (rows,)), targets)

        def step(theta, first, second, n_steps, chosen, X, y):
            rows, targets = X.index_select(0, chosen), y.index_select(0, chosen)
            gradient, value = grad_and_value(loss)(theta, rows, targets)
            gradient = gradient + decay * theta
            n_steps += 1
            first.lerp_(gradient, 0.1)
            second.lerp_(gradient * gradient, 0.001)
            rate = LEARNING_RATE * (1 - 0.999**n_steps).sqrt() / (1 - 0.9**n_steps)
            theta.sub_(rate * first / (second.sqrt() + 1e-8))
            return value

        self.step_of = self.torch.compile(step, fullgraph=True, options={"cpp_wrapper": True})

    def begin(self):
        with self.torch.no_grad():
            super().begin()
        moments = [self.torch.zeros_like(self.theta) for _ in range(2)]
        self.state = (self.theta, *moments, self.torch.zeros(()))

    def epoch(self):
        total = self.torch.zeros(())
        for chosen in self.torch.randperm(len(self.X)).split(self.case.batch):
            total += self.step_of(*self.state, chosen, self.X, self.y)
        self.mean_loss = total.item() / self.case.n_batches
