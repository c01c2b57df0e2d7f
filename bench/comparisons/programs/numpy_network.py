"""A network in NumPy, in float64, written as min-char-rnn is: column vectors, products with one-hot
columns, lists of time steps. min-char-rnn has one tanh layer and one stream; here there are L layers
of any cell and B columns.

    python3 numpy_network.py TASK threads

NumPy reads the number of threads from environment variables; the argument is ignored. The program
follows ../protocol.ts.
"""

import json
import sys
import time

import numpy as np

with open(sys.argv[1], encoding="utf-8") as file:
    task = json.load(file)
config = task["config"]
cell, L, H, T, B = (config[key] for key in ("cell", "layers", "hidden", "seqLength", "batchSize"))
V = task["vocabulary"]

ids = np.fromfile(task["ids"], dtype=np.uint32).astype(np.int64)
length = task["streams"]["length"]  # characters of a stream
streams = np.stack([ids[start : start + length] for start in task["streams"]["starts"]])
columns = np.arange(B)

numbers = np.fromfile(task["weights"], dtype=np.float32).astype(np.float64)
w = {}  # the weights by their names; biases are columns
for name, shape in task["parameters"]:
    count = int(np.prod(shape))
    w[name], numbers = numbers[:count].reshape(*shape, *[1] * (2 - len(shape))), numbers[count:]
names = list(w)
suffixes = ["" if layer == 0 else f"_l{layer}" for layer in range(L)]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rnn(s, x, state):
    """A step of a tanh layer; s is the suffix of its weights."""
    (h,) = state
    h1 = np.tanh(np.dot(w["Wxh" + s], x) + np.dot(w["Whh" + s], h) + w["bh" + s])
    return (h1,), (x, h, h1)


def rnn_backward(s, seen, dstate, d):
    """Adds to the gradients d of the weights; returns those of the input and the state before."""
    x, h, h1 = seen
    (dh,) = dstate
    da = (1 - h1 * h1) * dh
    return add_gradients(s, (x, h), (da, da), d)


def gru(s, x, state):
    (h,) = state
    a = np.dot(w["Wxh" + s], x) + w["bh" + s]
    u = np.dot(w["Whh" + s], h)
    rz = sigmoid(a[: 2 * H] + u[: 2 * H])
    r, z = rz[:H], rz[H:]
    v = u[2 * H :] + w["bhn" + s]
    n = np.tanh(a[2 * H :] + r * v)
    return ((1 - z) * n + z * h,), (x, h, r, z, v, n)


def gru_backward(s, seen, dstate, d):
    x, h, r, z, v, n = seen
    (dh,) = dstate
    dn = dh * (1 - z) * (1 - n * n)
    dr = dn * v * r * (1 - r)
    dz = dh * (h - n) * z * (1 - z)
    dv = dn * r
    d["bhn" + s] += np.sum(dv, axis=1, keepdims=True)
    da, du = np.concatenate([dr, dz, dn]), np.concatenate([dr, dz, dv])
    dx, (dh0,) = add_gradients(s, (x, h), (da, du), d)
    return dx, (dh0 + dh * z,)


def lstm(s, x, state):
    h, c = state
    a = np.dot(w["Wxh" + s], x) + np.dot(w["Whh" + s], h) + w["bh" + s]
    i, f, o = (sigmoid(a[gate * H : (gate + 1) * H]) for gate in (0, 1, 3))
    g = np.tanh(a[2 * H : 3 * H])
    c1 = f * c + i * g
    t = np.tanh(c1)
    return (o * t, c1), (x, h, c, i, f, g, o, t)


def lstm_backward(s, seen, dstate, d):
    x, h, c, i, f, g, o, t = seen
    dh, dc = dstate
    dc = dc + dh * o * (1 - t * t)
    da = np.concatenate(
        [
            dc * g * i * (1 - i),
            dc * c * f * (1 - f),
            dc * i * (1 - g * g),
            dh * t * o * (1 - o),
        ]
    )
    dx, (dh0,) = add_gradients(s, (x, h), (da, da), d)
    return dx, (dh0, dc * f)


def add_gradients(s, before, after, d):
    """The part that all cells share: the gradients of Wxh·x + bh and of Whh·h."""
    (x, h), (da, du) = before, after
    d["Wxh" + s] += np.dot(da, x.T)
    d["Whh" + s] += np.dot(du, h.T)
    d["bh" + s] += np.sum(da, axis=1, keepdims=True)
    return np.dot(w["Wxh" + s].T, da), (np.dot(w["Whh" + s].T, du),)


forward, backward = {
    "rnn": (rnn, rnn_backward),
    "gru": (gru, gru_backward),
    "lstm": (lstm, lstm_backward),
}[cell]


def zero_states():
    """A state for each layer: h, and c of an LSTM."""
    return [tuple(np.zeros((H, B)) for _ in range(2 if cell == "lstm" else 1)) for _ in range(L)]


def gradients(inputs, targets, states):
    """Loss, gradients and last states of a batch; inputs and targets are [T, B]."""
    seen, hs, ps = [], [], []
    states = list(states)
    loss = 0.0
    for t in range(T):
        x = np.zeros((V, B))
        x[inputs[t], columns] = 1
        seen.append([])
        for layer, s in enumerate(suffixes):
            states[layer], saved = forward(s, x, states[layer])
            seen[t].append(saved)
            x = states[layer][0]
        y = np.dot(w["Why"], x) + w["by"]
        exps = np.exp(y - np.max(y, axis=0))
        hs.append(x)
        ps.append(exps / np.sum(exps, axis=0))
        loss -= np.sum(np.log(ps[t][targets[t], columns])) / B
    d = {name: np.zeros_like(weights) for name, weights in w.items()}
    dstates = zero_states()
    for t in reversed(range(T)):
        dy = ps[t] / B
        dy[targets[t], columns] -= 1 / B
        d["Why"] += np.dot(dy, hs[t].T)
        d["by"] += np.sum(dy, axis=1, keepdims=True)
        dx = np.dot(w["Why"].T, dy)
        for layer in reversed(range(L)):
            dh, *others = dstates[layer]
            dx, dstates[layer] = backward(suffixes[layer], seen[t][layer], (dh + dx, *others), d)
    return loss, d, states


moments = [{name: np.zeros_like(weights) for name, weights in w.items()} for _ in range(2)]
averages = {name: weights.copy() for name, weights in w.items()}


def update(d, step):
    """Clips the gradients, updates the weights, and averages them."""
    limit, decay, lr = config["gradClip"], config["weightDecay"], config["lr"]
    scale = 1
    if limit > 0 and config["gradClipMode"] == "norm":
        scale = min(1, limit / np.sqrt(sum(np.sum(g * g) for g in d.values())))
    beta1, beta2 = config["beta1"], config["beta2"]
    for name in names:
        g, m, v = d[name], moments[0][name], moments[1][name]
        if limit > 0 and config["gradClipMode"] == "value":
            np.clip(g, -limit, limit, out=g)
        elif scale < 1:
            g *= scale
        if config["optimizer"] == "adamw":
            w[name] *= 1 - lr * decay
        elif decay > 0:
            g += decay * w[name]
        if config["optimizer"] == "adagrad":
            m += g * g
            w[name] -= lr * g / np.sqrt(m + 1e-8)
        elif config["optimizer"] == "rmsprop":
            m *= beta2
            m += (1 - beta2) * g * g
            w[name] -= lr * g / (np.sqrt(m) + 1e-8)
        else:
            m *= beta1
            m += (1 - beta1) * g
            v *= beta2
            v += (1 - beta2) * g * g
            root = np.sqrt(v / (1 - beta2**step)) + 1e-8
            w[name] -= lr / (1 - beta1**step) * m / root
        if config["weightAverage"] > 0:
            averages[name] += min(1, 1 / (config["weightAverage"] * step)) * (w[name] - averages[name])


print(json.dumps({"ready": np.__version__}), flush=True)
position, states, step = 0, zero_states(), 0
for line in sys.stdin:
    command, value = line.split()
    limit, taken, total_loss, elapsed = float(value), 0, 0.0, 0.0
    start = time.perf_counter()
    while taken == 0 or (taken if command == "steps" else elapsed) < limit:
        if position + T + 1 >= length:
            position, states = 0, zero_states()
        batch = streams[:, position : position + T + 1].T
        loss, d, states = gradients(batch[:-1], batch[1:], states)
        step += 1
        update(d, step)
        position += T
        taken += 1
        total_loss += loss / T
        elapsed = time.perf_counter() - start
    print(
        json.dumps({"chars": taken * T * B, "seconds": elapsed, "loss": total_loss / taken}),
        flush=True,
    )
