"""Honest model files, as scikit-learn, joblib, NumPy, pandas, LightGBM, XGBoost, Keras, ONNX, safetensors and gguf write them: for the false alarms of bench_artefact.py.

It runs in an environment of its own, since Brightline needs none of these libraries: `make bench-artefact` builds that environment.
"""

import os
import pathlib
import pickle  # noqa: TID251 - files to look at are written, none is read
import re
import sys
import warnings

os.environ["KERAS_BACKEND"] = "numpy"
warnings.simplefilter("ignore")

import gguf  # noqa: E402 - Keras reads its backend from the environment above
import joblib  # noqa: E402
import keras  # noqa: E402
import lightgbm  # noqa: E402
import numpy as np  # noqa: E402
import onnx  # noqa: E402
import pandas as pd  # noqa: E402
import safetensors.numpy  # noqa: E402
import xgboost  # noqa: E402
from sklearn import (  # noqa: E402
    cluster,
    decomposition,
    ensemble,
    feature_extraction,
    gaussian_process,
    linear_model,
    model_selection,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)
from sklearn.datasets import load_iris  # noqa: E402

COMPRESSIONS = (0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3))


def estimators():
    logistic = linear_model.LogisticRegression()
    return {
        "forest": ensemble.RandomForestClassifier(30),
        "boosting": ensemble.GradientBoostingClassifier(n_estimators=10),
        "histograms": ensemble.HistGradientBoostingClassifier(max_iter=10),
        "extra": ensemble.ExtraTreesClassifier(10),
        "ada": ensemble.AdaBoostClassifier(n_estimators=5),
        "isolation": ensemble.IsolationForest(n_estimators=5),
        "vote": ensemble.VotingClassifier([("a", logistic), ("b", naive_bayes.GaussianNB())]),
        "pipe": pipeline.make_pipeline(preprocessing.StandardScaler(), decomposition.PCA(2), logistic),
        "function": pipeline.make_pipeline(preprocessing.FunctionTransformer(np.log1p), linear_model.Ridge()),
        "svc": svm.SVC(probability=False),
        "grid": model_selection.GridSearchCV(svm.SVC(), {"C": [1, 2]}),
        "neighbours": neighbors.KNeighborsClassifier(),
        "ball": neighbors.KNeighborsClassifier(algorithm="ball_tree"),
        "tree": tree.DecisionTreeClassifier(),
        "perceptron": neural_network.MLPClassifier(max_iter=20),
        "gaussian": gaussian_process.GaussianProcessClassifier(),
        "sgd": linear_model.SGDClassifier(),
        "bayes": naive_bayes.GaussianNB(),
        "means": cluster.KMeans(3),
        "quantiles": preprocessing.QuantileTransformer(n_quantiles=20),
        "lightgbm": lightgbm.LGBMClassifier(n_estimators=5, verbose=-1),
        "xgboost": xgboost.XGBClassifier(n_estimators=5),
    }


def fitted(folder):
    points, classes = load_iris(return_X_y=True)
    for name, model in estimators().items():
        model.fit(points, classes)
        for how in COMPRESSIONS if name in ("forest", "pipe") else (0,):
            joblib.dump(model, folder / f"{name}_{how[0] if how else 'plain'}.joblib", compress=how)
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(model))
    words = pipeline.make_pipeline(
        feature_extraction.text.TfidfVectorizer(), linear_model.LogisticRegression()
    )
    words.fit(["a cat sat", "dogs run far", "cat dog", "x y zebra"], [0, 1, 0, 1])
    joblib.dump(words, folder / "words.joblib")
    (folder / "words.pkl").write_bytes(pickle.dumps(words))


def tables(folder):
    days = pd.date_range("2026-01-01", periods=2)
    table = pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": pd.Categorical(["u", "v"]), "d": days})
    table.to_pickle(folder / "table.pkl")
    table.a.to_pickle(folder / "column.pkl")
    np.save(folder / "numbers.npy", np.arange(10))
    np.save(folder / "objects.npy", np.array([{"a": 1}, None], dtype=object))
    np.savez(folder / "several.npz", a=np.arange(3))
    mixed = {
        "old": np.random.RandomState(0),
        "new": np.random.default_rng(0),
        "re": re.compile("a"),
        "path": pathlib.PurePosixPath("x"),
    }
    (folder / "mixed.pkl").write_bytes(pickle.dumps(mixed))


def networks(folder):
    layers = keras.layers
    inner = [
        layers.Dense(8, activation="relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.1),
        layers.Dense(3, activation="softmax"),
    ]
    model = keras.Sequential([keras.Input((4,)), *inner])
    model.compile(loss="mse", optimizer="adam", metrics=["accuracy"])
    model.save(folder / "network.keras")
    model.save(folder / "network.h5")
    (folder / "network.json").write_text(model.to_json())


def tensors(folder):
    shape = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", shape[:1], shape[1:])
    onnx.save(onnx.helper.make_model(graph, producer_name="t"), folder / "graph.onnx")
    safetensors.numpy.save_file(
        {"a": np.zeros((3, 4), "f4"), "b": np.zeros(5, "i8")}, folder / "tensors.safetensors"
    )
    writer = gguf.GGUFWriter(folder / "model.gguf", "llama")
    writer.add_chat_template("{% for m in messages %}{{ m['content'] }}{% endfor %}")
    writer.add_tensor("t", np.zeros((4, 4), "f4"))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for make in (fitted, tables, networks, tensors):
        make(folder)


main(pathlib.Path(sys.argv[1]))
