"""Golden values of Bidirectional, from PyTorch's bidirectional LSTM and GRU in float64.

    /usr/bin/python3 layers/testdata/bidirectional.py

writes bidirectional_CELL.npz and bidirectional_CELL_lengths.npz, for lstm and
gru: 5 steps, batch 3, 2 features, 4 units. In the latter the samples have the
lengths 5, 3 and 1 and are packed, so PyTorch never sees what lies behind, and
gives zeros there. In bidirectional_lstm_MODE.npz, with the same lengths, the two
halves of PyTorch's output are merged by sum, mul or ave; in
bidirectional_lstm_MODE_last.npz, with concat too, what is merged are the outputs
that either direction gives last.

Layout and columns are Keras', as in lstm.py and gru.py. With uniform of golden.py
(Uniform of graphtest in Go) and g gates:

    x                 uniform(s, [B, T, D], 2)
    of direction d, 0 forwards and 1 backwards:
    kernel            uniform(s + 1 + 10d, [D, gU], 0.5)
    recurrent_kernel  uniform(s + 2 + 10d, [U, gU], 0.5)
    bias              uniform(s + 3 + 10d, its shape, 0.5)
    h0, c0            uniform(s + 4 + 10d, [B, U], 1), uniform(s + 5 + 10d, [B, U], 1)
    weights of the loss  of the output uniform(s + 30, its shape, 1), of state k
                         uniform(s + 31 + k, [B, U], 1)

    loss = sum over all outputs of sum(output * weights)

Keys: seed s, lengths [B]; output [B, T, 2U], both directions side by side, merged
[B, T, U], or of the last step alone; the states after the last step, state_0 and
on: those forwards (h, and c), then those backwards; and the gradients of the loss:
grad_x, and of direction d grad_kernel_d, grad_recurrent_kernel_d, grad_bias_d,
grad_h0_d, grad_c0_d.
"""
import os
import sys

import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../graph/graphtest/testdata"))
import golden

T, B, D, U = 5, 3, 2, 4
CELLS = {  # gates, shape of the bias, names of the states, seed
    "lstm": (4, (4 * U,), ("h0", "c0"), 7000),
    "gru": (3, (2, 3 * U), ("h0",), 7100),
}


def swap(w):
    """From the columns z, r, h to PyTorch's r, z, n."""
    z, r, h = w.chunk(3, dim=-1)
    return torch.cat([r, z, h], dim=-1)


MERGE = {
    "concat": lambda a, b: torch.cat([a, b], dim=-1),
    "sum": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "ave": lambda a, b: (a + b) / 2,
}


def run(cell, lengths, mode="concat", sequences=True):
    gates, bias, states, seed = CELLS[cell]

    def draw(k, shape, scale):
        return torch.from_numpy(golden.uniform(seed + k, shape, scale)).requires_grad_()

    p, weights = {"x": draw(0, (B, T, D), 2.0)}, []
    for d in range(2):
        shapes = [("kernel", (D, gates * U)), ("recurrent_kernel", (U, gates * U)), ("bias", bias)]
        for k, (name, shape) in enumerate(shapes, 1):
            p[f"{name}_{d}"] = draw(k + 10 * d, shape, 0.5)
        for k, name in enumerate(states, 4):
            p[f"{name}_{d}"] = draw(k + 10 * d, (B, U), 1.0)
        w, u, b = (p[f"{name}_{d}"] for name, _ in shapes)
        if cell == "lstm":
            weights += [w.T, u.T, b, torch.zeros_like(b)]
        else:
            weights += [swap(w).T, swap(u).T, swap(b[0]), swap(b[1])]
    first = [torch.stack([p[f"{name}_0"], p[f"{name}_1"]]) for name in states]
    f, first = (torch.lstm, tuple(first)) if cell == "lstm" else (torch.gru, first[0])
    packed = pack_padded_sequence(p["x"], lengths, batch_first=True)
    data, *last = f(packed.data, packed.batch_sizes, first, weights, True, 1, 0.0, True, True)
    output, _ = pad_packed_sequence(PackedSequence(data, packed.batch_sizes), batch_first=True)
    output = MERGE[mode](*(output.chunk(2, dim=-1) if sequences else last[0]))
    results = [output] + [s[d] for d in range(2) for s in last]
    loss = sum((y * draw(30 + k, y.shape, 1.0).detach()).sum() for k, y in enumerate(results))
    loss.backward()
    found = {"seed": seed, "lengths": lengths, "output": output}
    found.update({f"state_{k}": y for k, y in enumerate(results[1:])})
    found.update({"grad_" + name: v.grad for name, v in p.items()})
    return found


def main():
    torch.set_num_threads(1)
    lengths = torch.tensor([5, 3, 1])
    for cell in CELLS:
        golden.save(__file__, f"bidirectional_{cell}", run(cell, torch.tensor([T, T, T])))
        golden.save(__file__, f"bidirectional_{cell}_lengths", run(cell, lengths))
    for mode in MERGE:
        if mode != "concat":
            golden.save(__file__, f"bidirectional_lstm_{mode}", run("lstm", lengths, mode))
        golden.save(__file__, f"bidirectional_lstm_{mode}_last", run("lstm", lengths, mode, sequences=False))


if __name__ == "__main__":
    main()
