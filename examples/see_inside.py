"""Look inside a small network: its numbers as tables, one derivative path by path, an interactive page.

The data, 442 patients and the progression of their diabetes, come with scikit-learn. Run it with

    python examples/see_inside.py

and open `see_inside.html`, or the file that `--page` names, in a browser.
"""

import argparse

from sklearn.datasets import load_diabetes
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropRegressor
from skbackprop.inspection import trace

COLUMNS = ["bmi", "bp", "s5"]


def fit(X, y):
    """A network with three inputs, two hidden layers of three sigmoid nodes, and one output."""
    net = BackpropRegressor(
        hidden_layer_sizes=(3, 3),
        activation="logistic",
        target_scaling="standard",
        learning_rate_init=0.02,
        max_iter=1000,
        random_state=0,
    )
    return make_pipeline(StandardScaler().set_output(transform="pandas"), net).fit(X, y)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--page", default="see_inside.html", help="the file to write")
    arguments = parser.parse_args()

    X, y = load_diabetes(as_frame=True, return_X_y=True, scaled=False)
    X = X[COLUMNS]
    model = fit(X, y)
    print(f"R^2 on the training rows: {model.score(X, y):.3f}\n")

    seen = trace(model, X[:20], y[:20])
    print(seen, "\n")
    first = seen.nodes[seen.nodes["sample"] == 0]
    print("Row 0, every node:\n")
    print(first[["name", "net", "out", "output_gradient", "delta"]].to_string(index=False), "\n")
    print("The weights of layer 2 and the next step of Adam on these 20 rows:\n")
    second = seen.weights[seen.weights["layer"] == 2]
    print(second[["name", "weight", "gradient", "update"]].to_string(index=False), "\n")
    print("One weight of layer 1, with every path from it to the error, row 0:\n")
    print(seen.chain_rule("w[1,1,2]", sample=0), "\n")

    seen.to_html(arguments.page)
    print(f"Wrote {arguments.page}: open it in a browser.")


if __name__ == "__main__":
    main()
