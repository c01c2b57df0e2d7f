"""A tanh network in PyTorch, with its own layers: nn.RNN, nn.Linear, cross_entropy, Adagrad.

    python3 torch_rnn.py IDS V H T B threads lr init

It follows ../protocol.ts.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy

V, H, T, B, threads = map(int, sys.argv[2:7])
lr, init = map(float, sys.argv[7:9])
torch.set_num_threads(threads)
torch.set_flush_denormal(True)
torch.manual_seed(1)

with open(sys.argv[1], "rb") as file:
    ids = torch.frombuffer(bytearray(file.read()), dtype=torch.int32).long()
L = len(ids) // B  # characters of a stream
streams = ids[: L * B].reshape(B, L).T.contiguous()
one_hot = torch.eye(V)

rnn, head = nn.RNN(V, H), nn.Linear(H, V)
with torch.no_grad():
    for name, parameter in [*rnn.named_parameters(), *head.named_parameters()]:
        parameter.zero_() if "bias" in name else parameter.normal_(0, init)
rnn.bias_hh_l0.requires_grad_(False)  # The other programs have one bias.
parameters = [p for p in [*rnn.parameters(), *head.parameters()] if p.requires_grad]
# s = 1e-8 + Σ g², w -= lr·g / √s, as in min-char-rnn: ε is inside the root.
options = dict(lr=lr, initial_accumulator_value=1e-8, eps=0)
try:
    optimizer = torch.optim.Adagrad(parameters, **options, fused=True)
except (TypeError, RuntimeError):  # PyTorch before 2.5 has no fused Adagrad.
    optimizer = torch.optim.Adagrad(parameters, **options)

print(json.dumps({"ready": torch.__version__}), flush=True)
position, h = 0, torch.zeros(1, B, H)
for line in sys.stdin:
    seconds, steps, elapsed = float(line), 0, 0.0
    total_loss = torch.zeros(())
    start = time.perf_counter()
    while steps == 0 or elapsed < seconds:
        if position + T + 1 >= L:
            position, h = 0, torch.zeros(1, B, H)
        states, last_state = rnn(one_hot[streams[position : position + T]], h)
        logits = head(states).view(-1, V)
        targets = streams[position + 1 : position + T + 1].view(-1)
        loss = cross_entropy(logits, targets, reduction="sum") / B
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_value_(parameters, 5)
        optimizer.step()
        h = last_state.detach()
        position += T
        steps += 1
        total_loss += loss.detach()
        elapsed = time.perf_counter() - start
    print(
        json.dumps(
            {"chars": steps * T * B, "seconds": elapsed, "loss": total_loss.item() / (steps * T)}
        ),
        flush=True,
    )
