"""What each piece of the tabular estimators contributes: one setting changed at a time, on 20 real tables.

It uses the data sets, splits and options of `tabular.py`, by default with at most 1,000 rows of each data
set.

    python examples/benchmarks/tabular_ablation.py [--methods "solver='muon'" default] [--seeds 0 1]
    python examples/benchmarks/tabular_ablation.py --write docs/tabular_ablation.md
"""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import tabular
import tabular_page
from pages import markdown

from skbackprop import TabularBackpropClassifier, TabularBackpropRegressor

PAGE = """# What each piece contributes

The row "default" is `TabularBackpropClassifier` and `TabularBackpropRegressor` with their defaults, but
without early stopping, so that all variants train for the same number of epochs. In each other row one
setting differs. Each number is the geometric mean, over the data sets of `examples/benchmarks/tabular.py`, of
the variant's result divided by the result of the default: **above 1, the default is better**. At most
{max_rows:,} rows of each data set are used, a quarter of them as the test set; the result on a data set is
the mean over the seeds {seeds}. This page was written by `python examples/benchmarks/tabular_ablation.py
--write docs/tabular_ablation.md`.

{table}

On the {n_classes} classification sets the error is the fraction of wrong labels, on the {n_numbers}
regression sets the RMSE. Log loss and 1 - AUC are those of the classification sets. An error of less than
half a test row counts as half a row. ± is the standard error over the data sets. Time is the processor time
of all fits.
"""


def changed(task, seed, n_threads, values=(), early_stopping=False, **settings):
    """An estimator with other parameters, and with other values of its recipe that are not parameters."""
    kind = TabularBackpropRegressor if task == "regression" else TabularBackpropClassifier
    known = kind().get_params()
    settings = {name: value for name, value in settings.items() if name in known}
    model = kind(n_jobs=n_threads, random_state=seed, early_stopping=early_stopping, **settings)
    model._recipes = {name: replace(recipe, **dict(values)) for name, recipe in kind._recipes.items()}
    return model


def variant(**settings):
    return partial(changed, **settings)


def recipe(**values):
    return partial(changed, values=values)


VARIANTS = {
    "default": variant(),
    "`recipe='td'`, one network": variant(recipe="td"),
    "`recipe='td_s'`": variant(recipe="td_s"),
    "numbers as they are": variant(numeric_embedding="none"),
    "`PL` in place of `PBLD`": variant(numeric_embedding="pl"),
    "`PLR` in place of `PBLD`": variant(numeric_embedding="plr"),
    "categories as ones and zeros": recipe(embed_categories=False),
    "no front scale": recipe(front_scale=False),
    "activation not parametric": recipe(parametric=False),
    "first weights not from data": recipe(initializer="ntk", output_initializer="zeros"),
    "predictions not bounded": recipe(clamp=False),
    "dropout 0.15": variant(dropout=0.15),
    "weight decay 0": variant(weight_decay=0.0),
    "constant rate": variant(learning_rate="constant"),
    "beta_2 = 0.999": variant(beta_2=0.999),
    "no label smoothing": variant(label_smoothing=0.0),
    "log loss mode": variant(scoring="neg_log_loss"),
    "log loss mode, temperature": variant(scoring="neg_log_loss", calibration="temperature"),
    "AUC mode": variant(scoring="roc_auc"),
    "no rows held out": variant(validation_fraction=0.0),
    "one member": variant(n_estimators=1),
    "10 members": variant(n_estimators=10),
    "refit": variant(refit=True),
    "EMA": variant(average="ema"),
    "Muon": variant(solver="muon"),
    "early stopping, as is the default": variant(early_stopping=True),
    "256 nodes": variant(hidden_layer_sizes=(256, 256, 256)),
    "batches of 256": variant(batch_size=256),
    "60 epochs": variant(max_iter=60),
    "200 epochs": variant(max_iter=200),
}


def against_default(lines, column):
    """Geometric means over data sets of the results relative to the default's, with standard errors."""
    lines = lines[lines[column].notna()]
    means = tabular_page.table(lines, column, list(VARIANTS))
    floor = 0.5 / lines.groupby("set", sort=False)["n_test"].first()
    means = means.clip(lower=floor, axis=0) if column == "error" else means
    logs = np.log(means).sub(np.log(means["default"]), axis=0)
    found = zip(logs.columns, np.exp(logs.mean()), np.exp(logs.mean()) * logs.sem())
    return pd.Series({name: f"{mean:.3f} ± {error:.3f}" for name, mean, error in found})


def page(options):
    lines = tabular_page.finished_by_all(tabular_page.results_of(options))
    numbers = lines["task"] == "regression"
    seconds = lines.groupby("method")["fit_processor_seconds"].sum()
    columns = {
        "error, classes": against_default(lines[~numbers], "error"),
        "error, numbers": against_default(lines[numbers], "error"),
        "log loss": against_default(lines[~numbers], "log_loss"),
        "1 - AUC": against_default(lines[~numbers], "area_above"),
        "time": (seconds / seconds["default"]).map("{:.2f}".format),
    }
    return PAGE.format(
        max_rows=options.max_rows,
        seeds=", ".join(map(str, sorted(lines["seed"].unique()))),
        n_classes=lines[~numbers]["set"].nunique(),
        n_numbers=lines[numbers]["set"].nunique(),
        table=markdown(pd.DataFrame(columns).reindex([name for name in VARIANTS if name in seconds.index])),
    )


if __name__ == "__main__":
    options = tabular.parse(__doc__, VARIANTS, [0, 1], 1_000, "tabular_ablation_results.jsonl")
    tabular.main(options, page)
