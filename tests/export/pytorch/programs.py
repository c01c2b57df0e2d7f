"""What PyTorch makes of exported files: python3 programs.py <command> <folder>...

Prints a JSON list with an object for each folder, which has the loss of each character of the folder's
text.json but the first.

export  runs the recipe of the folder's README.md, and compares weights.pt beside it.
train   makes a module with an embedding, and saves its state dict as model.safetensors and its
        characters as vocab.json.
"""
import json, os, re, struct, sys, types

import torch


def save_file(tensors, path, metadata=None):
    """safetensors.torch.save_file for single precision."""
    header, data = {"__metadata__": metadata or {}}, b""
    for name, tensor in tensors.items():
        numbers = tensor.contiguous().numpy().tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(numbers)],
        }
        data += numbers
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def load_file(path):
    """safetensors.torch.load_file."""
    with open(path, "rb") as file:
        contents = file.read()
    (length,) = struct.unpack("<Q", contents[:8])
    header, data = json.loads(contents[8 : 8 + length]), contents[8 + length :]
    types_of = {"F32": torch.float32, "F64": torch.float64}
    return {
        name: torch.frombuffer(bytearray(data[slice(*entry["data_offsets"])]), dtype=types_of[entry["dtype"]])
        .reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }


try:
    import safetensors.torch
except ImportError:
    package, module = types.ModuleType("safetensors"), types.ModuleType("safetensors.torch")
    module.load_file, module.save_file = load_file, save_file
    package.torch = module
    sys.modules.update({"safetensors": package, "safetensors.torch": module})
from safetensors.torch import save_file as save


def losses(logits, ids):
    each = torch.nn.functional.cross_entropy(logits[:, 0].double(), ids[1:, 0], reduction="none")
    return each.tolist()


def export(folder):
    os.chdir(folder)
    (recipe,) = re.findall(r"```python\n(.*?)```", open("README.md", encoding="utf-8").read(), re.S)
    names = {}
    exec(recipe, names)
    text = json.load(open("text.json"))
    ids = torch.tensor([[names["vocab"][c]] for c in text])
    with torch.no_grad():
        whole, _ = names["predict"](ids[:-1])
        first, state = names["predict"](ids[:5])
        rest, _ = names["predict"](ids[5:-1], state)
        assert torch.allclose(torch.cat([first, rest]), whole, atol=1e-5)
    weights = torch.load("weights.pt", weights_only=True)
    assert list(weights) == list(names["model"].state_dict()), list(weights)
    for name, tensor in names["model"].state_dict().items():
        assert torch.equal(weights[name], tensor) and weights[name].dtype == tensor.dtype, name
    assert [weights.vocabulary[i] for i in ids[:, 0]] == list(text)
    return {"losses": losses(whole, ids), "cell": weights.cell}


class CharModel(torch.nn.Module):
    def __init__(self, size, hidden):
        super().__init__()
        self.encoder = torch.nn.Embedding(size, 6)
        self.layers = torch.nn.LSTM(6, hidden, 2)
        self.decoder = torch.nn.Linear(hidden, size)

    def forward(self, ids):
        return self.decoder(self.layers(self.encoder(ids))[0])


def train(folder):
    os.chdir(folder)
    torch.manual_seed(1)
    text = json.load(open("text.json"))
    vocab = {c: i for i, c in enumerate(sorted(set(text), key=lambda c: (ord(c) * 37) % 101))}
    model = CharModel(len(vocab), 7)
    ids = torch.tensor([[vocab[c]] for c in text])
    save(model.state_dict(), "model.safetensors")
    json.dump(vocab, open("vocab.json", "w"))
    with torch.no_grad():
        return {"losses": losses(model(ids[:-1]), ids)}


command = {"export": export, "train": train}[sys.argv[1]]
print(json.dumps([command(folder) for folder in sys.argv[2:]]))
