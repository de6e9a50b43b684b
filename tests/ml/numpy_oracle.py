#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A second opinion on the fixtures: the same training runs in NumPy, written from the formulas, with whole arrays.

usage: numpy_oracle.py [FIXTURE.json ...]   all in fixtures/ if none is named; exit 1 if one differs, 77 without numpy

It shares no code with the library nor with the script that made the fixtures, and uses the order of the samples that
the fixture gives. Every number must agree within 1e-12 of the largest of its array; as proof that this can fail, each
run is repeated with mistakes, which must not agree.
"""
import importlib.util
import json
import math
import sys
from pathlib import Path

if importlib.util.find_spec("numpy") is None:
    print("skipped: this Python has no numpy")
    sys.exit(77)

import numpy as np

TOLERANCE = 1e-12
EPSILON = 1e-5  # of batch_norm
MOMENTUM = 0.1  # of its running statistics
ERF = np.vectorize(math.erf)


def identity(z):
    return z, np.ones_like(z)


def tanh(z):
    a = np.tanh(z)
    return a, 1 - a**2


def relu(z):
    return np.maximum(z, 0), np.where(z > 0, 1.0, 0.0)


def gelu_erf(z):
    cumulative = 0.5 * (1 + ERF(z / math.sqrt(2)))
    return z * cumulative, cumulative + z * np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)


def gelu_tanh(z):
    c = math.sqrt(2 / math.pi)
    t = np.tanh(c * (z + 0.044715 * z**3))
    return 0.5 * z * (1 + t), 0.5 * (1 + t) + 0.5 * z * (1 - t**2) * c * (1 + 3 * 0.044715 * z**2)


class Dense:
    def __init__(self, weight, bias, function):
        self.parameters = {"weight": weight, "bias": bias}
        self.buffers = {}
        self.function = function

    def forward(self, x):
        self.x = x
        a, self.slope = self.function(x @ self.parameters["weight"].T + self.parameters["bias"])
        return a

    def backward(self, g):
        g = g * self.slope
        self.gradients = {"weight": g.T @ self.x, "bias": g.sum(axis=0)}
        return g @ self.parameters["weight"]

    def predict(self, x):
        return self.function(x @ self.parameters["weight"].T + self.parameters["bias"])[0]


class BatchNorm:
    def __init__(self, scale, shift, mistake):
        self.parameters = {"weight": scale, "bias": shift}
        self.buffers = {"running_mean": np.zeros_like(scale), "running_var": np.ones_like(scale)}
        self.mistake = mistake

    def forward(self, x):
        m = len(x)
        mean, variance = x.mean(axis=0), x.var(axis=0)
        self.r = 1 / np.sqrt(variance + EPSILON)
        self.xh = (x - mean) * self.r
        unbiased = variance if self.mistake == "biased running variance" else variance * m / (m - 1)
        for name, new in (("running_mean", mean), ("running_var", unbiased)):
            self.buffers[name] = self.buffers[name] + MOMENTUM * (new - self.buffers[name])
        return self.parameters["weight"] * self.xh + self.parameters["bias"]

    def backward(self, g):
        self.gradients = {"weight": (g * self.xh).sum(axis=0), "bias": g.sum(axis=0)}
        mean_term = 0 if self.mistake == "no mean term" else g.mean(axis=0)
        return self.parameters["weight"] * self.r * (g - mean_term - self.xh * (g * self.xh).mean(axis=0))

    def predict(self, x):
        r = 1 / np.sqrt(self.buffers["running_var"] + EPSILON)
        return self.parameters["weight"] * r * (x - self.buffers["running_mean"]) + self.parameters["bias"]


def cross_entropy(logits, labels):
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    chosen = np.arange(len(labels)), labels
    gradient = np.exp(log_p)
    gradient[chosen] -= 1
    return -log_p[chosen].mean(), gradient / len(labels)


def squared_error(outputs, targets):
    difference = outputs - targets
    return (difference**2).mean(), 2 * difference / difference.size


class Optimizer:
    def __init__(self, case, mistake):
        self.rule, self.lr, self.decay = case["optimizer"], case["learning_rate"], case["weight_decay"]
        self.t, self.first, self.second = 0, {}, {}
        self.mistake = mistake

    def step(self, parameters, gradients):
        """New values of the parameters; the moments change in place."""
        self.t += 1
        new = {}
        for name, w in parameters.items():
            g = gradients[name]
            if self.rule["rule"] == "adamw":
                w = w * (1 - self.lr * self.decay)
            else:
                g = g + self.decay * w
            if self.rule["rule"] == "sgd":
                buffer = self.rule["momentum"] * self.first.get(name, 0) + g
                self.first[name] = buffer
                new[name] = w - self.lr * (g + self.rule["momentum"] * buffer if self.rule["nesterov"] else buffer)
                continue
            b1, b2 = self.rule["beta1"], self.rule["beta2"]
            m = self.first[name] = b1 * self.first.get(name, 0) + (1 - b1) * g
            v = self.second[name] = b2 * self.second.get(name, 0) + (1 - b2) * g**2
            if self.mistake != "no bias correction":
                m, v = m / (1 - b1**self.t), v / (1 - b2**self.t)
            if self.mistake == "epsilon in the root":
                new[name] = w - self.lr * m / np.sqrt(v + self.rule["epsilon"])
            else:
                new[name] = w - self.lr * m / (np.sqrt(v) + self.rule["epsilon"])
        return new


def layers_of(case, mistake):
    """Layers by their names in the state_dict of nn.Sequential, where an activation counts as a module."""
    layers, module, width = {}, 0, case["inputs"]
    initial = {name: np.array(values) for name, values in case["initial"].items()}
    for kind, *rest in case["layers"]:
        weight, bias = initial[f"{module}.weight"], initial[f"{module}.bias"]
        if kind == "batch_norm":
            layers[str(module)] = BatchNorm(weight, bias, mistake)
            module += 1
            continue
        layers[str(module)] = Dense(weight.reshape(rest[0], width), bias, globals()[rest[1]])
        width = rest[0]
        module += 1 if rest[1] == "identity" else 2
    return layers


def run(case, mistake=None):
    layers = layers_of(case, mistake)
    x = np.array(case["x"]).reshape(case["samples"], -1)
    classes = case["loss"] == "softmax_cross_entropy"
    y = np.array(case["y"]) if classes else np.array(case["y"]).reshape(case["samples"], -1)
    optimizer = Optimizer(case, mistake)

    def collect(what):
        return {f"{name}.{key}": value for name, layer in layers.items() for key, value in getattr(layer, what).items()}

    losses, states = [], []
    for order in case["orders"]:
        for begin in range(0, len(order), case["batch"]):
            places = order[begin:begin + case["batch"]]
            h = x[places]
            for layer in layers.values():
                h = layer.forward(h)
            loss, g = (cross_entropy if classes else squared_error)(h, y[places])
            for layer in reversed(layers.values()):
                g = layer.backward(g)
            for name, value in optimizer.step(collect("parameters"), collect("gradients")).items():
                layer, key = name.split(".")
                layers[layer].parameters[key] = value
            losses.append(loss)
        states.append({"parameters": collect("parameters"), "buffers": collect("buffers"),
                       "first_moment": dict(optimizer.first), "second_moment": dict(optimizer.second)})
    for layer in layers.values():
        x = layer.predict(x)
    return {"losses": losses, "after_first_epoch": states[0], "after_last_epoch": states[-1], "predictions": x}


def difference(mine, fixture):
    """Largest of all arrays, relative to the largest number of the array."""
    if isinstance(fixture, dict):
        return max((difference(mine[name], fixture[name]) for name in fixture), default=0.0)
    fixture = np.array(fixture)
    return float(np.abs(np.ravel(mine) - fixture).max() / np.abs(fixture).max())


def main():
    paths = [Path(p) for p in sys.argv[1:]] or sorted((Path(__file__).resolve().parent / "fixtures").glob("*.json"))
    broken = not paths
    for path in paths:
        case = json.loads(path.read_text())
        fixture = {key: case[key] for key in ("losses", "after_first_epoch", "after_last_epoch", "predictions")}
        found = difference(run(case), fixture)
        print(f"{path.stem}: largest difference {found:.1e}")
        mistakes = []
        if any(layer[0] == "batch_norm" for layer in case["layers"]):
            mistakes.append("biased running variance")
            if case["layers"][0][0] != "batch_norm":
                mistakes.append("no mean term")
        if case["optimizer"]["rule"] != "sgd":
            mistakes += ["no bias correction", "epsilon in the root"]
        missed = [mistake for mistake in mistakes if not difference(run(case, mistake), fixture) > 100 * TOLERANCE]
        if missed:
            print(f"  not noticed: {', '.join(missed)}")
        broken |= not found < TOLERANCE or bool(missed)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
