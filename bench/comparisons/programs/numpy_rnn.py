"""The notebook's network in NumPy, in double precision: columns (n, B), one-hot columns through dot
products, a dictionary a sequence, np.clip, Adagrad. With one stream it is the notebook's loop.

    python3 numpy_rnn.py IDS V H T B threads rate init

The number of threads is NumPy's own affair, and set in the environment. bench/comparisons/protocol.ts says
what is read and written.
"""

import json
import sys
import time

import numpy as np

ids = np.fromfile(sys.argv[1], dtype=np.uint32).astype(np.int64)
V, H, T, B = map(int, sys.argv[2:6])
rate, init = map(float, sys.argv[7:9])

L = len(ids) // B  # characters in a stream
streams = ids[: L * B].reshape(B, L)
random = np.random.default_rng(1)
Wxh, Whh, Why = (init * random.standard_normal(shape) for shape in ((H, V), (H, H), (V, H)))
bh, by = np.zeros((H, 1)), np.zeros((V, 1))
parameters = [Wxh, Whh, Why, bh, by]
sums = [np.zeros_like(p) for p in parameters]
columns = np.arange(B)


def gradients(inputs, targets, first):
    """Loss of a batch (rows: steps), gradients, last hidden state."""
    xs, hs, ps = {}, {-1: first}, {}
    loss = 0.0
    for t in range(T):
        xs[t] = np.zeros((V, B))
        xs[t][inputs[t], columns] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        y = np.dot(Why, hs[t]) + by
        e = np.exp(y - np.max(y, axis=0))
        ps[t] = e / np.sum(e, axis=0)
        loss -= np.sum(np.log(ps[t][targets[t], columns])) / B
    dWxh, dWhh, dWhy, dbh, dby = (np.zeros_like(p) for p in parameters)
    dhnext = np.zeros_like(first)
    for t in reversed(range(T)):
        dy = ps[t] / B
        dy[targets[t], columns] -= 1 / B
        dWhy += np.dot(dy, hs[t].T)
        dby += np.sum(dy, axis=1, keepdims=True)
        dh = np.dot(Why.T, dy) + dhnext
        dhraw = (1 - hs[t] * hs[t]) * dh
        dbh += np.sum(dhraw, axis=1, keepdims=True)
        dWxh += np.dot(dhraw, xs[t].T)
        dWhh += np.dot(dhraw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, dhraw)
    return loss, [dWxh, dWhh, dWhy, dbh, dby], hs[T - 1]


print(json.dumps({"ready": np.__version__}), flush=True)
p, h = 0, np.zeros((H, B))
for line in sys.stdin:
    seconds, steps, total, elapsed = float(line), 0, 0.0, 0.0
    start = time.perf_counter()
    while steps == 0 or elapsed < seconds:
        if p + T + 1 >= L:
            p, h = 0, np.zeros((H, B))
        batch = streams[:, p : p + T + 1].T
        loss, found, h = gradients(batch[:-1], batch[1:], h)
        for parameter, gradient, squares in zip(parameters, found, sums):
            np.clip(gradient, -5, 5, out=gradient)
            squares += gradient * gradient
            parameter -= rate * gradient / np.sqrt(squares + 1e-8)
        p += T
        steps += 1
        total += loss / T
        elapsed = time.perf_counter() - start
    print(
        json.dumps({"chars": steps * T * B, "seconds": elapsed, "loss": total / steps}), flush=True
    )
