"""The page of a trace, in a real browser: its numbers are the library's, before and after an edit."""

import json
import re
import shutil

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import ACTIVATIONS
from skbackprop.inspection import trace
from skbackprop.inspection.page.page import FOLDER, SCRIPTS, as_json, page_of
from skbackprop.layers import Conv1D, Dense, Dropout, LayerNorm, MaxPool1D, Residual
from skbackprop.losses import LogLoss

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NODE_FIELDS = "net", "out", "output_gradient", "delta"
OPTIONS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --window-size=1280,800"
)


def fitted(estimator, X, y, **fit_settings):
    return estimator.set_params(max_iter=3, random_state=0).fit(X, y, **fit_settings)


def source():
    """3 - 3 - 3 - 1, sigmoid, E = sum 1/2 (T - O)^2."""
    X = np.array([[0.1, 0.9, -0.4], [0.7, -0.2, 0.5], [-0.6, 0.3, 0.8], [0.2, 0.2, -0.9], [1.0, -0.5, 0.1]])
    y = np.array([0.8, 0.2, 0.6, 0.3, 0.9])
    net = BackpropRegressor(
        hidden_layer_sizes=(3, 3),
        activation="logistic",
        output_activation="logistic",
        solver="sgd",
        learning_rate_init=0.5,
    )
    return fitted(net, X, y), X, y


def flowers():
    X, y = load_iris(return_X_y=True)
    X, names = (X - X.mean(axis=0)) / X.std(axis=0), load_iris().target_names[y]
    net = fitted(BackpropClassifier(hidden_layer_sizes=(5,), activation="tanh"), X, names)
    rows = slice(0, 150, 30)
    return net, X[rows], names[rows]


def relu_regressor():
    X, y = load_diabetes(return_X_y=True)
    net = fitted(BackpropRegressor(hidden_layer_sizes=(6, 4), target_scaling="standard"), X * 20, y)
    return net, X[:6] * 20, y[:6]


def several_outputs():
    X, y = load_diabetes(return_X_y=True)
    y = np.column_stack([y, X[:, 2] * 100, X[:, 3] * 100]) / 100
    net = fitted(BackpropRegressor(hidden_layer_sizes=(4,), activation="softplus"), X[:, :5] * 20, y)
    return net, X[:4, :5] * 20, y[:4]


def every_activation():
    X, y = load_diabetes(return_X_y=True)
    elementwise = [name for name, kind in ACTIVATIONS.items() if kind.elementwise]
    net = BackpropRegressor(
        hidden_layer_sizes=(4,) * len(elementwise), activation=elementwise, output_range=(0, 400)
    )
    return fitted(net, X * 20, y), X[:4] * 20, y[:4]


def two_classes():
    X, y = load_iris(return_X_y=True)
    y = np.where(y == 0, "no", "yes")
    net = BackpropClassifier(hidden_layer_sizes=(3,), activation="silu", loss=LogLoss(label_smoothing=0.1))
    return fitted(net, X, y), X[::40], y[::40]


def several_labels():
    X, y = load_iris(return_X_y=True)
    y = np.column_stack([y == 0, y != 1, X[:, 0] > 5]).astype(int)
    return fitted(BackpropClassifier(hidden_layer_sizes=(3,)), X, y), X[::40], y[::40]


def smoothed_classes():
    X, y = load_iris(return_X_y=True)
    net = BackpropClassifier(hidden_layer_sizes=(3,), activation="gelu", loss=LogLoss(label_smoothing=0.1))
    return fitted(net, X, y), X[::40], y[::40]


def with_dropout():
    X, y = load_diabetes(return_X_y=True)
    layers = [Dense(6), Dropout(0.5), Dense(4, "mish")]
    return fitted(BackpropRegressor(hidden_layer_sizes=layers), X * 20, y / 100), X[:4] * 20, y[:4] / 100


def with_layer_norm():
    X, y = load_diabetes(return_X_y=True)
    layers = [Dense(6, "tanh"), LayerNorm(), Dense(4)]
    return fitted(BackpropRegressor(hidden_layer_sizes=layers), X * 20, y / 100), X[:4] * 20, y[:4] / 100


def with_filters():
    X, y = load_diabetes(return_X_y=True)
    layers = [Conv1D(2, 5, activation="tanh"), MaxPool1D(2, 2), Dense(3)]
    return fitted(BackpropRegressor(hidden_layer_sizes=layers), X * 20, y / 100), X[:4] * 20, y[:4] / 100


def with_residual():
    X, y = load_diabetes(return_X_y=True)
    layers = [Residual(Dense(10, "tanh"))]
    return fitted(BackpropRegressor(hidden_layer_sizes=layers), X * 20, y / 100), X[:4] * 20, y[:4] / 100


def with_softmax():
    X, y = load_diabetes(return_X_y=True)
    net = BackpropRegressor(hidden_layer_sizes=(4,), activation="softmax", output_activation="softmax")
    y = np.column_stack([y, 400 - y]) / 400
    return fitted(net, X * 20, y), X[:4] * 20, y[:4]


def loss_of_regression(loss):
    X, y = load_diabetes(return_X_y=True)
    if loss == "cross_entropy":
        y = np.column_stack([y, 400 - y]) / 4
    settings = {"quantile": 0.3} if loss == "quantile" else {}
    net = fitted(BackpropRegressor(loss=loss, hidden_layer_sizes=(3,), **settings), X * 20, y / 100)
    return net, X[:4] * 20, y[:4] / 100


EDITABLE = [
    source,
    flowers,
    relu_regressor,
    several_outputs,
    every_activation,
    two_classes,
    several_labels,
    smoothed_classes,
    with_dropout,
]
RECORDED = [with_layer_norm, with_residual, with_softmax, with_filters]
LOSSES = "absolute_error", "huber", "log_cosh", "quantile", "poisson", "gamma", "cross_entropy"


class Browser:
    """A page as its reader sees it: what stands there, keys, choices."""

    def __init__(self, driver, folder):
        self.driver, self.file = driver, folder / "page.html"

    def open(self, seen):
        seen.to_html(self.file)
        self.driver.get(self.file.as_uri())

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def one(self, selector):
        return self.driver.find_element("css selector", selector)

    def text(self, selector):
        return self.one(selector).text

    def press(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def choose(self, selector, value):
        """One command, where Selenium's `Select` sends ten; two tests choose as a reader does."""
        self.run(
            "const field = document.querySelector(arguments[0]);"
            "if (![...field.options].some(o => o.value === arguments[1])) throw Error('no such choice');"
            "field.value = arguments[1]; field.dispatchEvent(new Event('change', {bubbles: true}))",
            selector,
            str(value),
        )

    def choose_by_hand(self, selector, value):
        from selenium.webdriver.support.select import Select

        Select(self.one(selector)).select_by_value(str(value))

    def table(self, selector):
        """{name: {field: number}} of all rows."""
        rows = self.run(
            "return [...document.querySelectorAll(`${arguments[0]} tbody tr`)].map(row =>"
            "[row.dataset.key, [...row.cells].map(cell => [cell.dataset.field, cell.textContent])])",
            selector,
        )
        return {name: {field: number(text) for field, text in cells} for name, cells in rows}

    def weights(self, n_layers):
        found = {}
        for layer in range(1, n_layers + 1):
            self.choose("#layer", layer)
            found |= self.table("#weights")
        return found

    def select(self, key):
        """As with Tab and arrows: the node or the edge has the focus."""
        self.run("focusOn(arguments[0])", key)

    def detail(self, field):
        return number(self.text(f"#details [data-field={field}]"))

    def type(self, value, label=""):
        from selenium.webdriver.common.keys import Keys

        for field in self.driver.find_elements("css selector", "#editor label"):
            if label in field.text:
                field.find_element("css selector", "input").send_keys(
                    Keys.CONTROL, "a", Keys.NULL, repr(float(value))
                )
                return
        raise AssertionError(f"no field {label!r}")

    def step(self):
        return self.text("#steps [aria-current=step]")


def number(text):
    text = text.replace("\u2212", "-").replace("\u221e", "inf")
    try:
        return float(text)
    except ValueError:
        return None


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and chromedriver):
        pytest.skip("needs chromium and chromedriver")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in (*OPTIONS.split(), f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    yield driver
    driver.quit()


@pytest.fixture
def browser(driver, tmp_path):
    """Every test also asks: nothing on the console, nothing loaded but the file."""
    driver.get_log("browser")
    driver.get_log("performance")
    yield Browser(driver, tmp_path)
    assert driver.get_log("browser") == []
    sent = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    requests = [message["params"] for message in sent if message["method"] == "Network.requestWillBeSent"]
    urls = [request["request"]["url"] for request in requests if request["documentURL"].startswith("file:")]
    assert urls, "the log of requests is on"
    assert [url for url in urls if not url.startswith(("file:", "data:"))] == []


def assert_equal(shown, expected):
    if expected is None or np.isnan(expected):
        assert shown is None
    else:
        assert shown == pytest.approx(expected, rel=1e-6, abs=1e-12)


def assert_nodes_are_those_of(browser, seen, sample):
    shown = browser.table("#nodes")
    nodes = seen.nodes[seen.nodes["sample"] == sample]
    assert list(shown) == nodes["name"].tolist()
    for row in nodes.to_dict("records"):
        for field in NODE_FIELDS:
            assert_equal(shown[row["name"]][field], row[field])


def assert_weights_are_those_of(browser, seen, gradients, rate=None, with_update=True):
    """`gradients`: by name, of the error that is looked at."""
    shown = browser.weights(len(seen.layers))
    table = seen.weights[seen.weights["name"].str.match(r"[wb]\[")]
    assert set(shown) <= set(table["name"]) and len(shown) > 0
    for row in table.to_dict("records"):
        cells = shown[row["name"]]
        assert_equal(cells["weight"], row["weight"])
        assert_equal(cells["gradient"], gradients[row["name"]])
        if rate is not None:
            assert_equal(cells["updated"], row["weight"] - rate * gradients[row["name"]])
        assert_equal(cells["solver_updated"], row["weight"] + row["update"] if with_update else None)


def gradients_of_sample(seen, sample):
    found = {}
    for layer in seen.layers:
        if layer.weight is not None:
            weight, bias = layer.weight_gradients[sample], layer.bias_gradients[sample]
            for j in range(len(bias)):
                found[f"b[{layer.index},{j + 1}]"] = bias[j]
                for k in range(len(weight)):
                    found[f"w[{layer.index},{j + 1},{k + 1}]"] = weight[k, j]
    return found


def summed(seen):
    return dict(zip(seen.weights["name"], seen.weights["gradient"]))


def error_shown(browser, field="error"):
    browser.select("E")
    return browser.detail(field)


@pytest.mark.parametrize("network", [*EDITABLE, *RECORDED])
def test_numbers_are_the_librarys(browser, network):
    seen = trace(*network())
    browser.open(seen)
    rate = float(browser.one("#rate").get_attribute("value")) if network in EDITABLE else None
    assert browser.one("#rate").is_displayed() == (network in EDITABLE)
    assert browser.one("#why-not").is_displayed() == (network in RECORDED)
    for sample in (0, len(seen.X) - 1):
        browser.choose("#sample", sample)
        assert_nodes_are_those_of(browser, seen, sample)
        assert_equal(error_shown(browser), seen.errors[sample])
        assert_weights_are_those_of(browser, seen, gradients_of_sample(seen, sample), rate)
    browser.choose("#scope", "all")
    assert_equal(error_shown(browser, "total"), seen.total)
    assert_weights_are_those_of(browser, seen, summed(seen), rate)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss(browser, loss):
    seen = trace(*loss_of_regression(loss))
    browser.open(seen)
    for sample in range(len(seen.X)):
        browser.choose("#sample", sample)
        assert_nodes_are_those_of(browser, seen, sample)
        assert_equal(error_shown(browser), seen.errors[sample])


def test_sample_weights(browser):
    net, X, y = relu_regressor()
    seen = trace(net, X, y, sample_weight=[0.5, 2.0, 0.0, 1.0, 3.0, 1.0])
    browser.open(seen)
    browser.choose_by_hand("#sample", 1)
    assert_nodes_are_those_of(browser, seen, 1)
    browser.choose_by_hand("#scope", "all")
    assert_equal(error_shown(browser, "total"), seen.total)
    assert_weights_are_those_of(browser, seen, summed(seen))


@pytest.mark.parametrize("network", [source, relu_regressor, several_outputs])
def test_after_edits_the_numbers_are_those_of_the_edited_network(browser, network):
    net, X, y = network()
    before = trace(net, X, y)
    browser.open(before)
    sample, new_target = 2, 0.125 if network is not several_outputs else [0.125, *y[2, 1:]]
    browser.choose("#sample", sample)
    browser.select("w[1,2,3]")
    browser.type(0.75)
    browser.select("n[2,1]")
    browser.type(-0.375, "bias")
    browser.select("n[0,1]")
    browser.type(1.5)
    browser.select("T[1]")
    scaled = net.model_.targets.encode(np.array([new_target]), float)[0, 0]
    browser.type(scaled)
    net.coefs_[0][2, 1], net.intercepts_[1][0] = 0.75, -0.375
    X, y = X.copy(), y.copy()
    X[sample, 0], y[sample] = 1.5, new_target
    after = trace(net, X, y)
    assert after.total != pytest.approx(before.total)
    assert_nodes_are_those_of(browser, after, sample)
    assert_equal(error_shown(browser), after.errors[sample])
    assert_weights_are_those_of(browser, after, gradients_of_sample(after, sample), with_update=False)
    browser.choose("#scope", "all")
    assert_weights_are_those_of(browser, after, summed(after), with_update=False)
    assert browser.one("#edited").is_displayed()

    browser.one("#reset").click()
    browser.choose("#scope", "sample")
    assert_nodes_are_those_of(browser, before, sample)
    assert_weights_are_those_of(browser, before, gradients_of_sample(before, sample))
    assert not browser.one("#edited").is_displayed()


@pytest.mark.parametrize("network", [flowers, two_classes])
def test_another_class(browser, network):
    net, X, y = network()
    browser.open(trace(net, X, y))
    browser.select("T[1]")
    browser.choose_by_hand("#editor select", 1)
    y = y.copy()
    y[0] = net.classes_[1]
    after = trace(net, X, y)
    assert_nodes_are_those_of(browser, after, 0)
    assert_equal(error_shown(browser), after.errors[0])


def test_a_step_of_gradient_descent(browser):
    net, X, y = source()
    seen = trace(net, X, y)
    browser.open(seen)
    browser.choose("#scope", "all")
    browser.one("#rate").clear()
    browser.one("#rate").send_keys("0.25")
    browser.one("#steps li:last-child button").click()
    promised = number(browser.text("#example [data-field=error_after]"))
    browser.one("#take button").click()
    assert browser.step() == "Input"
    for layer, coef, intercept in zip(seen.layers, net.coefs_, net.intercepts_):
        coef -= 0.25 * layer.gradients["weight"]
        intercept -= 0.25 * layer.gradients["bias"][0]
    after = trace(net, X, y)
    assert after.total < seen.total
    assert_equal(promised, after.total)
    assert_equal(error_shown(browser, "total"), after.total)
    assert_weights_are_those_of(browser, after, summed(after), with_update=False)


def test_a_number_that_is_none_is_refused(browser):
    net, X, y = source()
    seen = trace(net, X, y)
    browser.open(seen)
    browser.select("w[1,1,1]")
    browser.run(
        "const f = document.querySelector('#editor input'); f.value = ''; f.dispatchEvent(new Event('input'))"
    )
    assert browser.one("#editor input").get_attribute("aria-invalid") == "true"
    assert_nodes_are_those_of(browser, seen, 0)


@pytest.mark.parametrize("weight", ["w[1,1,2]", "w[1,3,1]", "w[2,2,3]"])
def test_every_path(browser, weight):
    seen = trace(*source())
    browser.open(seen)
    browser.choose("#sample", 3)
    browser.select(weight)
    expected = gradients_of_sample(seen, 3)[weight]
    assert_equal(browser.detail("paths"), expected)
    assert_equal(browser.detail("gradient"), expected)
    n_paths = {"1": 3, "2": 1}[weight[2]]
    assert f"{n_paths} path" in browser.text("#details")


def test_keyboard(browser):
    from selenium.webdriver.common.keys import Keys

    seen = trace(*source())
    browser.open(seen)
    steps = browser.run("return [...document.querySelectorAll('#steps button')].map(b => b.textContent)")
    assert steps == [
        *("Input", "Forward 1", "Forward 2", "Forward 3", "Error"),
        *("Deltas 3", "Deltas 2", "Deltas 1", "Gradient", "Update"),
    ]
    for name in steps[1:]:
        browser.press(Keys.ARROW_RIGHT)
        assert browser.step() == name
        said = browser.run("return document.getElementById('live').textContent")
        assert said.startswith(f"Step {steps.index(name) + 1} of {len(steps)}.")
    browser.press(Keys.ARROW_RIGHT)
    assert browser.step() == "Update"
    browser.press(Keys.ARROW_LEFT)
    assert browser.step() == "Gradient"

    for _ in range(40):
        browser.press(Keys.TAB)
        if browser.run("return document.activeElement.dataset.key"):
            break
    focused = "return document.activeElement.dataset.key"
    assert browser.run(focused) == "n[1,1]"
    browser.press(Keys.ARROW_DOWN)
    assert browser.run(focused) == "n[1,2]"
    browser.press(Keys.PAGE_DOWN)
    assert browser.run(focused) == "w[2,1,1]"
    assert browser.text("#details-title").startswith("Weight w[2,1,1]")
    assert "dE/dw" in browser.run("return document.activeElement.getAttribute('aria-label')")
    browser.press(Keys.ENTER)
    assert browser.run("return document.activeElement.closest('#editor') !== null")
    browser.press(Keys.ARROW_RIGHT)
    assert browser.step() == "Gradient", "arrows inside a field are the field's"


def test_hover(browser):
    from selenium.webdriver.common.action_chains import ActionChains

    seen = trace(*source())
    browser.open(seen)
    browser.one("#previous").location_once_scrolled_into_view  # noqa: B018
    ActionChains(browser.driver).move_to_element(browser.one("[data-key='n[2,1]']")).perform()
    assert browser.text("#details-title").startswith("Node n[2,1]")
    assert "w[2,1,1] n[1,1]" in browser.text("#details")
    assert_equal(browser.detail("net"), seen.layers[1].net_input[0, 0])
    edge = browser.run(
        "const b = document.querySelector('[data-key=\"w[1,1,1]\"] .hit').getBoundingClientRect();"
        "return [b.x + b.width / 4, b.y + b.height / 2]"
    )
    actions = ActionChains(browser.driver)
    actions.w3c_actions.pointer_action.move_to_location(*map(round, edge))
    actions.perform()
    assert browser.text("#details-title").startswith("Weight w[1,1,1]")


def test_previous_next_play(browser):
    seen = trace(*source())
    browser.open(seen)
    assert not browser.one("#previous").is_enabled()
    browser.one("#next").click()
    assert browser.step() == "Forward 1"
    browser.one("#previous").click()
    assert browser.step() == "Input"
    browser.run("window.setInterval = (act) => { window.tick = act; return 1; }")
    browser.one("#play").click()
    assert browser.text("#play") == "Pause"
    browser.run("for (let i = 0; i < 9; i += 1) window.tick()")
    assert browser.step() == "Update"
    assert browser.text("#play") == "Play"


def test_large_layers(browser):
    X, y = load_digits(return_X_y=True)
    net = fitted(BackpropClassifier(hidden_layer_sizes=(100,)), X / 16, y)
    seen = trace(net, X[:10] / 16, y[:10])
    browser.open(seen)
    drawn = "return [...document.querySelectorAll('.node')].map(n => n.dataset.key)"
    assert sum(key.startswith("n[1,") for key in browser.run(drawn)) == 12
    assert "and 88 more" in browser.run("return document.getElementById('network').textContent")
    browser.one("#choices summary").click()
    browser.run(
        "const f = document.querySelectorAll('#choices input')[1];"
        "f.value = 50; f.dispatchEvent(new Event('change'))"
    )
    assert next(key for key in browser.run(drawn) if key.startswith("n[1,")) == "n[1,50]"
    browser.select("n[1,55]")
    assert_equal(browser.detail("net"), seen.layers[0].net_input[0, 54])
    browser.run(
        "const f = document.querySelectorAll('#choices select')[1];"
        "f.value = 'out'; f.dispatchEvent(new Event('change'))"
    )
    largest = 1 + np.argsort(-np.abs(seen.layers[0].output[0]))[:12]
    assert {key for key in browser.run(drawn) if key.startswith("n[1,")} == {f"n[1,{j}]" for j in largest}
    shown = browser.table("#nodes")
    for name, cells in shown.items():
        layer, node = map(int, re.findall(r"\d+", name))
        if layer == 1:
            assert_equal(cells["delta"], seen.layers[0].delta[0, node - 1])


@pytest.mark.parametrize("network", [source, flowers, with_layer_norm])
def test_phone_width(browser, network):
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.open(trace(*network()))
        assert browser.run("return document.documentElement.scrollWidth") == 390
        browser.one("#next").click()
        assert browser.step() == "Forward 1"
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(browser, scheme):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    brightness = (
        "const colour = getComputedStyle(document.body).backgroundColor;"
        "return colour.match(/\\d+/g).map(Number).reduce((a, b) => a + b)"
    )
    try:
        browser.open(trace(*source()))
        assert (browser.run(brightness) < 300) == (scheme == "dark")
        browser.one("#theme").click()
        assert (browser.run(brightness) < 300) == (scheme == "light")
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_names_that_look_like_html(browser):
    pd = pytest.importorskip("pandas")
    X, y = load_iris(return_X_y=True)
    names = ["</script><b>a", "<!-- b", "c & 'd'", '"e"']
    frame, labels = pd.DataFrame(X, columns=names), np.array(["<i>x", "</script>", "\u2028z"])[y]
    net = fitted(BackpropClassifier(hidden_layer_sizes=(3,)), frame, labels)
    seen = trace(net, frame[::40], labels[::40])
    browser.open(seen)
    labels_shown = browser.run(
        "return [...document.querySelectorAll('td[data-field=label]')].map(c => c.textContent)"
    )
    assert labels_shown[:4] == names
    assert labels_shown[-3:] == list(net.classes_)
    browser.select("n[0,1]")
    assert names[0] in browser.text("#details")
    assert_nodes_are_those_of(browser, seen, 0)


def test_numbers_that_are_not_finite(browser):
    net, X, y = several_outputs()
    net.coefs_[0][...] = 1e308
    net.coefs_[1][...] = [1.0, -1.0, 0.0]
    with np.errstate(all="ignore"):
        seen = trace(net, np.abs(X), y)
        browser.open(seen)
        assert browser.run("return state.layers[0].weight[0][0]") == 1e308
    shown = browser.table("#nodes")
    assert shown["n[1,1]"]["net"] == np.inf
    for step in range(1, 8):
        browser.run("goTo(arguments[0])", step)


def test_json():
    model = {"a": np.array([[1.0, np.nan], [np.inf, -np.inf]]), "b": "</script>", "c": [0.1, None, True]}
    text = as_json(model)
    assert "<" not in text
    assert json.loads(text) == {
        "a": [[1.0, {"nonfinite": "NaN"}], [{"nonfinite": "Infinity"}, {"nonfinite": "-Infinity"}]],
        "b": "</script>",
        "c": [0.1, None, True],
    }


def test_one_file_that_loads_nothing(tmp_path):
    seen = trace(*source())
    seen.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page == page_of(seen)
    assert "{{" not in page
    assert len(page) < 100_000
    assert set(re.findall(r"https?://[^\"'\s]*", page)) == {"http://www.w3.org/2000/svg"}
    assert re.findall(r"(?:src|href)=\"(?!#|data:)|@import|url\(|fetch\(|XMLHttpRequest|import\(", page) == []
    model = json.loads(re.search(r'id="model">(.*?)</script>', page)[1])
    assert model["X"] == seen.X.tolist()
    assert page.count("<script") == 2


def test_every_script_is_used():
    assert {path.name for path in FOLDER.glob("*.js")} == set(SCRIPTS)


@pytest.mark.parametrize(("n_units", "n_samples"), [(500, 1797), (1, 5001)])
def test_a_trace_too_large_for_a_page(tmp_path, n_units, n_samples):
    X, y = np.resize(load_digits().data, (n_samples, 64)), np.resize(load_digits().target, n_samples)
    seen = trace(fitted(BackpropClassifier(hidden_layer_sizes=(n_units,)), X, y), X, y)
    with pytest.raises(ValueError, match=rf"{n_samples} samples .* too large .* X\[:20\]"):
        seen.to_html(tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("theme", [0, 1, 2], ids=["light", "dark, chosen", "dark, of the system"])
def test_contrast(theme):
    """WCAG 2, AA: text 4.5, graphics 3."""
    block = re.findall(r"\{([^{}]*--page[^{}]*)\}", (FOLDER / "page.css").read_text())[theme]
    colour = dict(re.findall(r"--([\w-]+): (#\w{6})", block))

    def contrast(a, b):
        low, high = sorted(luminance(colour[name]) for name in (a, b))
        return (high + 0.05) / (low + 0.05)

    for ink in ("ink", "soft", "accent", "negative"):
        for ground in ("page", "card"):
            assert contrast(ink, ground) >= 4.5
    for ground in ("node", "active", "target"):
        assert contrast("ink", ground) >= 4.5
    assert contrast("soft", "node") >= 4.5
    assert contrast("soft", "target") >= 4.5
    assert contrast("on-accent", "accent") >= 4.5
    for line in ("positive", "negative", "active-line", "accent"):
        assert contrast(line, "card") >= 3
