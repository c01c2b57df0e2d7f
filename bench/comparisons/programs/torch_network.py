"""A network in PyTorch: nn.RNN, nn.GRU or nn.LSTM over the whole batch, nn.Linear, cross_entropy and
an optimizer of the library, in its fastest form.

    python3 torch_network.py TASK threads

It follows ../protocol.ts.
"""

import copy
import json
import math
import sys
import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy, embedding

with open(sys.argv[1], encoding="utf-8") as file:
    task = json.load(file)
config = task["config"]
V, L, H, T, B = (
    task["vocabulary"],
    *(config[key] for key in ("layers", "hidden", "seqLength", "batchSize")),
)
torch.set_num_threads(int(sys.argv[2]))
torch.set_flush_denormal(True)
torch.manual_seed(config["seed"])


def read(path, dtype):
    with open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype)


ids = read(task["ids"], torch.int32).long()
length = task["streams"]["length"]  # characters of a stream
streams = torch.stack([ids[start : start + length] for start in task["streams"]["starts"]], dim=1)
one_hot = torch.eye(V)

cell = config["cell"]
model = nn.ModuleDict(
    {
        "rnn": {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell](V, H, L),
        "head": nn.Linear(H, V),
    }
)
rnn, head = model["rnn"], model["head"]
recurrent_biases = [getattr(rnn, f"bias_hh_l{layer}") for layer in range(L)]


def load_weights():
    """Copies the initial weights; their biases are the sums of PyTorch's two."""
    weights, at = read(task["weights"], torch.float32), 0
    for bias in recurrent_biases:
        bias.zero_()
    for name, shape in task["parameters"]:
        values = weights[at : at + math.prod(shape)].view(shape)
        at += values.numel()
        kind, _, layer = name.partition("_l")
        layer = layer or "0"
        if kind == "bhn":  # the second bias of the GRU's candidate state
            recurrent_biases[int(layer)][2 * H :] = values
        else:
            {
                "Wxh": lambda: getattr(rnn, f"weight_ih_l{layer}"),
                "Whh": lambda: getattr(rnn, f"weight_hh_l{layer}"),
                "bh": lambda: getattr(rnn, f"bias_ih_l{layer}"),
                "Why": lambda: head.weight,
                "by": lambda: head.bias,
            }[kind]().copy_(values)


with torch.no_grad():
    load_weights()
if cell != "gru":  # The other programs have one bias.
    for bias in recurrent_biases:
        bias.requires_grad_(False)
parameters = [p for p in model.parameters() if p.requires_grad]


def make_optimizer():
    """The optimizer in its fastest form: fused, else over lists of tensors, else one by one."""
    kind, lr, decay = config["optimizer"], config["lr"], config["weightDecay"]
    if kind == "adagrad":
        # s = 1e-8 + Σ g², w -= lr·g / √s, as in min-char-rnn: ε is inside the root.
        make, options = torch.optim.Adagrad, dict(initial_accumulator_value=1e-8, eps=0)
    elif kind == "rmsprop":
        make, options = torch.optim.RMSprop, dict(alpha=config["beta2"], eps=1e-8)
    else:
        make = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[kind]
        options = dict(betas=(config["beta1"], config["beta2"]), eps=1e-8)
    for form in ({"fused": True}, {"foreach": True}, {}):
        try:
            return make(parameters, lr=lr, weight_decay=decay, **options, **form)
        except (TypeError, RuntimeError):  # The version has no such form on processors.
            continue
    raise SystemExit(f"there is no optimizer {kind}")


optimizer = make_optimizer()
share = config["weightAverage"]
penalty = config["confidencePenalty"]
averaged_model = copy.deepcopy(model) if share > 0 else model
averaged = [
    average
    for average, parameter in zip(averaged_model.parameters(), model.parameters())
    if parameter.requires_grad
]


def learning_rate(step, done):
    """The rate of a step, counted from 1; see src/train/lr_schedule.ts."""
    warmup, schedule = config["warmup"], config["lrSchedule"]
    if schedule == "constant":
        factor = 1
    elif schedule == "linear":
        factor = 1 - done
    elif schedule == "cosine":
        factor = (1 + math.cos(math.pi * done)) / 2
    elif schedule == "inverse-sqrt":
        factor = math.sqrt(min(1, warmup / step))
    elif schedule == "step":
        epochs = (step - 1) // math.ceil((length - T - 1) / T)
        after, every = config["lrDecayAfter"], config["lrDecayEvery"]
        decays = 0 if epochs < after else math.floor((epochs - after) / every) + 1
        factor = config["lrDecay"] ** decays
    else:
        raise SystemExit(f"there is no schedule {schedule}")
    if step <= warmup:
        factor *= step / (warmup + 1)
    if config["cooldown"] > 0:
        factor *= min(1, (1 - done) / config["cooldown"])
    return config["lr"] * factor


def zero_state():
    h = torch.zeros(L, B, H)
    return (h, torch.zeros(L, B, H)) if cell == "lstm" else h


def detached(state):
    return tuple(s.detach() for s in state) if cell == "lstm" else state.detach()


def reset_streams(state, step):
    """Zeroes the states of some streams before a step; see src/train/state_resets.ts."""
    every = config["resetEvery"]
    if every == 0:
        return
    due = [b for b in range(B) if (step - 1 + b * every // B) % every == 0]
    if due:
        for s in state if cell == "lstm" else (state,):
            s[:, due] = 0


position, state, steps, seconds = 0, zero_state(), 0, 0.0


def train_step(done):
    """Trains on the next batch; returns its loss, summed over T."""
    global position, state, steps
    steps += 1
    if position + T + 1 >= length:
        position, state = 0, zero_state()
    reset_streams(state, steps)
    is_dropping = config["dropoutFrom"] <= done < config["dropoutUntil"]
    rnn.dropout = config["dropout"] if is_dropping else 0.0
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(steps, done)
    inputs = embedding(streams[position : position + T], one_hot)
    targets = streams[position + 1 : position + T + 1].reshape(-1)
    states, state = rnn(inputs, state)
    logits = head(states).view(-1, V)
    loss = cross_entropy(logits, targets, reduction="sum") / B
    optimizer.zero_grad(set_to_none=True)
    (loss - penalty * entropy(logits) / B if penalty > 0 else loss).backward()
    if cell == "gru":  # The other programs have one bias in the reset and update gates.
        for bias in recurrent_biases:
            bias.grad[: 2 * H].zero_()
    if config["gradClip"] > 0:
        clip = nn.utils.clip_grad_norm_ if config["gradClipMode"] == "norm" else nn.utils.clip_grad_value_
        clip(parameters, config["gradClip"])
    optimizer.step()
    if share > 0:
        average_weights()
    state = detached(state)
    position += T
    return loss.detach()


def entropy(logits):
    """The entropy of the predictions, summed over rows."""
    logs = torch.log_softmax(logits, 1)
    return -(logs.exp() * logs).sum()


@torch.no_grad()
def average_weights():
    """Moves the average of the weights towards them; see src/engine/update.ts."""
    rate = min(1, 1 / (share * steps))
    if hasattr(torch, "_foreach_lerp_"):
        torch._foreach_lerp_(averaged, parameters, rate)
    else:  # PyTorch before 2.0
        torch._foreach_mul_(averaged, 1 - rate)
        torch._foreach_add_(averaged, parameters, alpha=rate)


def read_pieces():
    """The pieces of the validation part as columns of ids, and which predictions count."""
    pieces = task["validation"]
    rows = max((piece["end"] - piece["start"] for piece in pieces), default=1)
    columns = torch.zeros(rows, len(pieces), dtype=torch.long)
    counts = torch.zeros(rows - 1, len(pieces))
    for b, piece in enumerate(pieces):
        start, begin, end = piece["start"], piece["from"], piece["end"]
        columns[: end - start, b] = ids[start:end]
        counts[begin - start : end - 1 - start, b] = 1
    return columns, counts


columns, counts = read_pieces()


@torch.no_grad()
def validate(rows=512):
    """The mean loss of the validation part, of which some rows of all pieces are read at a time."""
    rnn, head = averaged_model["rnn"], averaged_model["head"]
    rnn.dropout = 0.0
    state, total = None, 0.0
    for at in range(0, len(counts), rows):
        count = counts[at : at + rows]
        states, state = rnn(embedding(columns[at : at + len(count)], one_hot), state)
        targets = columns[at + 1 : at + 1 + len(count)].reshape(-1)
        losses = cross_entropy(head(states).view(-1, V), targets, reduction="none")
        total += (losses * count.reshape(-1)).sum().item()
    return total / counts.sum().item()


def done_after(elapsed):
    """The fraction of the run that is done."""
    run = task["run"]
    by_steps = steps / run["steps"] if "steps" in run else 0
    by_seconds = (seconds + elapsed) / run["seconds"] if "seconds" in run else 0
    return min(1, max(by_steps, by_seconds))


print(json.dumps({"ready": torch.__version__}), flush=True)
for line in sys.stdin:
    command, *values = line.split()
    if command == "validate":
        print(json.dumps({"validation_loss": validate()}), flush=True)
        continue
    limit, taken, elapsed = float(values[0]), 0, 0.0
    total_loss = torch.zeros(())
    start = time.perf_counter()
    while taken == 0 or (taken if command == "steps" else elapsed) < limit:
        total_loss += train_step(done_after(elapsed))
        taken += 1
        elapsed = time.perf_counter() - start
    seconds += elapsed
    loss = total_loss.item() / (taken * T)
    print(json.dumps({"chars": taken * T * B, "seconds": elapsed, "loss": loss}), flush=True)
