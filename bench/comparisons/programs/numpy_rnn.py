"""A tanh network in NumPy, in float64, written as min-char-rnn is: column vectors, products with
one-hot columns, dictionaries of time steps. min-char-rnn has one stream; here there are B columns.

    python3 numpy_rnn.py IDS V H T B threads lr init

NumPy reads the number of threads from environment variables; the argument is ignored. The program
follows ../protocol.ts.
"""

import json
import sys
import time

import numpy as np

ids = np.fromfile(sys.argv[1], dtype=np.uint32).astype(np.int64)
V, H, T, B = map(int, sys.argv[2:6])
lr, init = map(float, sys.argv[7:9])

L = len(ids) // B  # characters of a stream
streams = ids[: L * B].reshape(B, L)
rng = np.random.default_rng(1)
Wxh, Whh, Why = (init * rng.standard_normal(shape) for shape in ((H, V), (H, H), (V, H)))
bh, by = np.zeros((H, 1)), np.zeros((V, 1))
parameters = [Wxh, Whh, Why, bh, by]
square_sums = [np.zeros_like(p) for p in parameters]
columns = np.arange(B)


def gradients(inputs, targets, h0):
    """Loss, gradients and last hidden state of a batch; inputs and targets are [T, B]."""
    xs, hs, ps = {}, {-1: h0}, {}
    loss = 0.0
    for t in range(T):
        xs[t] = np.zeros((V, B))
        xs[t][inputs[t], columns] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        y = np.dot(Why, hs[t]) + by
        exps = np.exp(y - np.max(y, axis=0))
        ps[t] = exps / np.sum(exps, axis=0)
        loss -= np.sum(np.log(ps[t][targets[t], columns])) / B
    dWxh, dWhh, dWhy, dbh, dby = (np.zeros_like(p) for p in parameters)
    dhnext = np.zeros_like(h0)
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
position, h = 0, np.zeros((H, B))
for line in sys.stdin:
    seconds, steps, total_loss, elapsed = float(line), 0, 0.0, 0.0
    start = time.perf_counter()
    while steps == 0 or elapsed < seconds:
        if position + T + 1 >= L:
            position, h = 0, np.zeros((H, B))
        batch = streams[:, position : position + T + 1].T
        loss, grads, h = gradients(batch[:-1], batch[1:], h)
        for parameter, gradient, squares in zip(parameters, grads, square_sums):
            np.clip(gradient, -5, 5, out=gradient)
            squares += gradient * gradient
            parameter -= lr * gradient / np.sqrt(squares + 1e-8)
        position += T
        steps += 1
        total_loss += loss / T
        elapsed = time.perf_counter() - start
    print(
        json.dumps({"chars": steps * T * B, "seconds": elapsed, "loss": total_loss / steps}),
        flush=True,
    )
