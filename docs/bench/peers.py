"""The models of `go run ./cmd/demo bench` in PyTorch, for the scripts beside this.

Each is a function of its shape that returns a Task. Shapes and models are those
of the demo. `scan` and `dropout` have no counterpart in nn.LSTM and are its plain
layer. A recurrent layer of PyTorch has a second bias for each gate. Run as a program, this prints the
numbers of weights and the loss before training.
"""
import math
import os
import typing

# Settings that fix the kernels of OpenBLAS: PyTorch must choose its own.
for name in "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE":
    os.environ.pop(name, None)

import torch  # noqa: E402, which reads the environment
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

CLASSES = 10
SHAPES = [(30, 32, 1, 50), (50, 32, 8, 64), (100, 64, 16, 128), (100, 64, 64, 256), (20, 20, 200, 200)]


class Task(typing.NamedTuple):
    nets: list  # the same model, written in different ways
    loss: typing.Callable
    x: torch.Tensor
    y: torch.Tensor
    batch: int = 0  # axis of x that has the samples


class Recurrent(nn.Module):
    """Layers before Linear(1): x [batch, T, D]."""

    def __init__(self, cell, model, T, D, H):
        super().__init__()
        layer = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[cell]
        self.model = model
        self.net = layer(D, H, num_layers=1 + (model == "stacked"), bidirectional=model == "bidirectional", batch_first=True)
        self.head = nn.Linear({"bidirectional": 2 * H, "attention": T * H}.get(model, H), 1)
        if model == "attention":
            self.look = nn.MultiheadAttention(H, heads(H), batch_first=True)

    def forward(self, x):
        h, last = self.net(x)
        if self.model == "bidirectional":
            last = last[0] if isinstance(last, tuple) else last  # [2, batch, H]; an LSTM also returns c
            return self.head(torch.cat((last[0], last[1]), 1))
        if self.model == "attention":
            return self.head(self.look(h, h, h, need_weights=False)[0].flatten(1))
        return self.head(h[:, -1])


class MGU(nn.Module):
    """The minimal gated unit, with the products of all inputs at once: x [batch, T, D]."""

    def __init__(self, D, H):
        super().__init__()
        self.inputs, self.head = nn.Linear(D, 2 * H), nn.Linear(H, 1)
        self.forget, self.new = nn.Parameter(torch.empty(H, H)), nn.Parameter(torch.empty(H, H))
        nn.init.orthogonal_(self.forget)
        nn.init.orthogonal_(self.new)

    def forward(self, x):
        h = x.new_zeros(x.shape[0], self.forget.shape[0])  # [batch, H]
        for xs in self.inputs(x).unbind(1):
            xf, xg = xs.chunk(2, 1)
            f = torch.sigmoid(torch.addmm(xf, h, self.forget))
            g = torch.tanh(torch.addmm(xg, f * h, self.new))
            h = h + f * (g - h)
        return self.head(h)


def heads(features):
    return 1 if features % 4 else 4


class Block(nn.Module):
    """Causal attention and a dense part, each behind a normalization: x [batch, T, D]."""

    def __init__(self, T, D):
        super().__init__()
        self.heads = heads(D)
        self.norms = nn.ModuleList(nn.LayerNorm(D) for _ in range(2))
        self.qkv, self.out = nn.Linear(D, 3 * D), nn.Linear(D, D)
        self.dense = nn.Sequential(nn.Linear(D, 4 * D), nn.GELU(), nn.Linear(4 * D, D))
        self.register_buffer("mask", torch.full((T, T), -math.inf).triu(1))

    def forward(self, x):
        b, t, d = x.shape
        n = self.heads
        q, k, v = self.qkv(self.norms[0](x)).view(b, t, 3, n, d // n).permute(2, 0, 3, 1, 4).reshape(3, b * n, t, d // n)
        scores = torch.baddbmm(self.mask.expand(b * n, t, t), q, k.transpose(1, 2), alpha=(d // n) ** -0.5)
        y = torch.bmm(scores.softmax(-1), v).view(b, n, t, d // n).transpose(1, 2).reshape(b, t, d)
        x = x + self.out(y)
        return x + self.dense(self.norms[1](x))


class Library(nn.Module):
    """The same with nn.TransformerEncoderLayer, which has a fast path for inference."""

    def __init__(self, T, D):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(D, heads(D), 4 * D, 0.0, F.gelu, batch_first=True, norm_first=True)
        self.register_buffer("mask", torch.ones(T, T, dtype=torch.bool).triu(1))

    def forward(self, x):
        return self.layer(x, self.mask)


class Transformer(nn.Module):
    """Two blocks: whole numbers [batch, T] to logits [batch, T, V]."""

    def __init__(self, block, T, D, V):
        super().__init__()
        self.words, self.places = nn.Embedding(V, D), nn.Parameter(torch.randn(T, D) / math.sqrt(D))
        self.blocks = nn.Sequential(block(T, D), block(T, D))
        self.norm, self.head = nn.LayerNorm(D), nn.Linear(D, V)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.words(x) + self.places)))


class Convolutions(nn.Module):
    """x [batch, D, T], PyTorch's own order."""

    def __init__(self, D, H, groups):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Conv1d(n, H, 5, dilation=1 << i, groups=g) for i, (n, g) in enumerate(zip((D, H, H), groups)))
        self.head = nn.Linear(H, CLASSES)

    def forward(self, x):
        for i, layer in enumerate(self.layers):
            x = F.relu(layer(F.pad(x, (4 << i, 0))))
        return self.head(x.mean(2))


class Language(nn.Module):
    """Whole numbers [T, batch] to logits [T, batch, V]."""

    def __init__(self, cell, D, H, V):
        super().__init__()
        layer = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}[cell]
        self.words, self.net, self.head = nn.Embedding(V, D), layer(D, H, num_layers=2), nn.Linear(H, V)

    def forward(self, x):
        return self.head(self.net(self.words(x))[0])


def crossentropy(y, target):
    return F.cross_entropy(y.flatten(0, -2), target.flatten())


def task(model, cell, shape):
    """The model of a name, for a shape in the demo's order."""
    torch.manual_seed(0)
    if model == "mlp":
        B, D, H = shape
        net = nn.Sequential(nn.Linear(D, H), nn.ReLU(), nn.Linear(H, H), nn.ReLU(), nn.Linear(H, CLASSES))
        return Task([net], crossentropy, torch.randn(B, D), torch.randint(CLASSES, (B,)))
    if model in ("lm", "chars"):
        T, B, D, H, V = shape
        return Task([Language(cell, D, H, V)], crossentropy, torch.randint(V, (T, B)), torch.randint(V, (T, B)), 1)
    if model == "transformer":
        T, B, D, V = shape
        return Task([Transformer(b, T, D, V) for b in (Block, Library)], crossentropy, torch.randint(V, (B, T)), torch.randint(V, (B, T)))
    T, B, D, H = shape
    if model in ("conv", "depthwise"):
        net = Convolutions(D, H, (1, 1, 1) if model == "conv" else (D, H, H))
        return Task([net], crossentropy, torch.randn(B, D, T), torch.randint(CLASSES, (B,)))
    net = MGU(D, H) if model == "mgu" else Recurrent(cell, model, T, D, H)
    return Task([net], F.mse_loss, torch.randn(B, T, D), torch.randn(B, 1))


MODELS = {
    **{name: SHAPES for name in ("single", "scan", "dropout", "stacked", "bidirectional", "attention")},
    "mgu": [(100, 64, 16, 128)], "transformer": [(128, 16, 128, 96)], "conv": [(500, 32, 8, 64)], "depthwise": [(500, 32, 64, 64)],
    "mlp": [(128, 784, 512)], "lm": [(35, 20, 256, 256, 10000)], "chars": [(64, 32, 32, 512, 96)],
}


def arguments(parser):
    """Parses --cell, --model and shapes, and adds others from the parser."""
    parser.add_argument("--cell", default="lstm", choices=["lstm", "gru", "rnn"])
    parser.add_argument("--model", default="single", choices=list(MODELS))
    parser.add_argument("shapes", nargs="*", metavar="N,N,...", help="the numbers of the model, as in the demo")
    args = parser.parse_args()
    args.shapes = [tuple(map(int, s.split(","))) for s in args.shapes] or MODELS[args.model]
    return args


def check():
    """Both transformers are one function."""
    ours, library = task("transformer", "lstm", (16, 3, 32, 7)).nets
    names = {"self_attn.in_proj_": "qkv.", "self_attn.out_proj": "out", "linear1": "dense.0", "linear2": "dense.2", "norm1": "norms.0", "norm2": "norms.1"}
    state = library.state_dict()
    for name in state:
        other = name.replace("layer.", "")
        for k, v in names.items():
            other = other.replace(k, v)
        if not name.endswith("mask"):
            state[name] = ours.state_dict()[other]
    library.load_state_dict(state)
    x = torch.randint(7, (3, 16))
    for net in library, library.eval():  # the second takes the fast path
        with torch.inference_mode():
            off = (net(x) - ours(x)).abs().max().item()
        if off > 1e-5:
            raise SystemExit(f"nn.TransformerEncoderLayer differs by {off}")


if __name__ == "__main__":
    check()
    for name, shapes in MODELS.items():
        t = task(name, "lstm", shapes[0])
        for net in t.nets:
            weights = sum(p.numel() for p in net.parameters())
            print(f"{name} {shapes[0]}: {weights} weights, first loss {t.loss(net(t.x), t.y).item():.4f}")
