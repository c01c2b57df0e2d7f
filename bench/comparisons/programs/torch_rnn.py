"""The network in PyTorch, as its users write it: nn.RNN, nn.Linear, cross_entropy, Adagrad.

    python3 torch_rnn.py IDS V H T B threads rate init

bench/comparisons/protocol.ts says what is read and written.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy

V, H, T, B, threads = map(int, sys.argv[2:7])
rate, init = map(float, sys.argv[7:9])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)
torch.manual_seed(1)

with open(sys.argv[1], "rb") as file:
    ids = torch.frombuffer(bytearray(file.read()), dtype=torch.int32).long()
L = len(ids) // B  # characters in a stream
streams = ids[: L * B].reshape(B, L).T.contiguous()
one_hot = torch.eye(V)

rnn, head = nn.RNN(V, H), nn.Linear(H, V)
with torch.no_grad():
    for name, parameter in [*rnn.named_parameters(), *head.named_parameters()]:
        parameter.zero_() if "bias" in name else parameter.normal_(0, init)
rnn.bias_hh_l0.requires_grad_(False)  # The mathematics has one bias.
parameters = [p for p in [*rnn.parameters(), *head.parameters()] if p.requires_grad]
# m = 1e-8 + Σ g², w -= rate·g / √m: the notebook's ε.
settings = dict(lr=rate, initial_accumulator_value=1e-8, eps=0)
try:
    optimizer = torch.optim.Adagrad(parameters, **settings, fused=True)
except (TypeError, RuntimeError):  # Before PyTorch 2.5.
    optimizer = torch.optim.Adagrad(parameters, **settings)

print(json.dumps({"ready": torch.__version__}), flush=True)
p, h = 0, torch.zeros(1, B, H)
for line in sys.stdin:
    seconds, steps, elapsed = float(line), 0, 0.0
    total = torch.zeros(())
    start = time.perf_counter()
    while steps == 0 or elapsed < seconds:
        if p + T + 1 >= L:
            p, h = 0, torch.zeros(1, B, H)
        states, last = rnn(one_hot[streams[p : p + T]], h)
        logits = head(states).view(-1, V)
        loss = cross_entropy(logits, streams[p + 1 : p + T + 1].view(-1), reduction="sum") / B
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_value_(parameters, 5)
        optimizer.step()
        h = last.detach()
        p += T
        steps += 1
        total += loss.detach()
        elapsed = time.perf_counter() - start
    print(
        json.dumps(
            {"chars": steps * T * B, "seconds": elapsed, "loss": total.item() / (steps * T)}
        ),
        flush=True,
    )
