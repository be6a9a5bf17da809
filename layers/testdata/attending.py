"""Golden values of a decoder that attends to its encoder, from PyTorch in float64.

    /usr/bin/python3 layers/testdata/attending.py

writes attending.npz and attending_masks.npz. The encoder is PyTorch's LSTM over a
source of 5 steps and 2 features. The decoder goes over a target of 4 steps and 3
features, batch 2, from the encoder's last h; all have 3 units. At each step it
scores the encoder's outputs e (Bahdanau et al. 2015), and reads what they weigh:

    weights = softmax(tanh(e keys + h query) scale)
    h' = tanh([x, sum(weights * e)] kernel + h recurrent)

In attending_masks the sources have the lengths 3 and 5, and are packed, so the
encoder never sees what lies behind; padding has no weight. Where the target is
masked h stays, and the output repeats the one before, zero where there was none.

With uniform of golden.py (Uniform of graphtest in Go) and the seed s:

    source             uniform(s,     [B, S, 2], 2)
    target             uniform(s + 1, [B, T, 3], 2)
    encoder_kernel     uniform(s + 2, [2, 4U], 2)
    encoder_recurrent_kernel  uniform(s + 3, [U, 4U], 2)
    encoder_bias       uniform(s + 4, [4U], 1)
    decoder_keys       uniform(s + 5, [U, U], 4)
    decoder_query      uniform(s + 6, [U, U], 2)
    decoder_scale      uniform(s + 7, [U, 1], 4)
    decoder_kernel     uniform(s + 8, [3 + U, U], 1)
    decoder_recurrent  uniform(s + 9, [U, U], 1)
    weights of the loss  uniform(s + 10, [B, T, U], 1) of output,
                         uniform(s + 11, [B, U], 1) of h

    loss = sum(output * its weights) + sum(h * its weights)

Keys: seed; output, h (the last state), weights [B, T, S]; the gradients of the
loss to all of the above, grad_source and so on; and perhaps source_mask, target_mask.
"""
import os
import sys

import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../graph/graphtest/testdata"))
import golden

B, S, T, U = 2, 5, 4, 3
SHAPES = {  # and scale, in the order of their seeds
    "source": ((B, S, 2), 2.0),
    "target": ((B, T, 3), 2.0),
    "encoder_kernel": ((2, 4 * U), 2.0),
    "encoder_recurrent_kernel": ((U, 4 * U), 2.0),
    "encoder_bias": ((4 * U,), 1.0),
    "decoder_keys": ((U, U), 4.0),
    "decoder_query": ((U, U), 2.0),
    "decoder_scale": ((U, 1), 4.0),
    "decoder_kernel": ((3 + U, U), 1.0),
    "decoder_recurrent": ((U, U), 1.0),
}
TARGET_MASK = torch.tensor([[1, 1, 0, 0], [0, 1, 0, 1]], dtype=torch.bool)


def encode(p, lengths):
    """All outputs and the last h."""
    w, u, b = (p["encoder_" + n] for n in ("kernel", "recurrent_kernel", "bias"))
    zero = torch.zeros(1, B, U, dtype=torch.float64)
    packed = pack_padded_sequence(p["source"], lengths, batch_first=True, enforce_sorted=False)
    data, h, _ = torch.lstm(packed.data, packed.batch_sizes, (zero, zero), [w.T, u.T, b, torch.zeros_like(b)],
                            True, 1, 0.0, True, False)
    packed = PackedSequence(data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
    output, _ = pad_packed_sequence(packed, batch_first=True)
    return output, h[0][packed.unsorted_indices]


def step(p, x, h, encoded, padding):
    query = (h @ p["decoder_query"]).unsqueeze(1)
    scores = (torch.tanh(encoded @ p["decoder_keys"] + query) @ p["decoder_scale"]).squeeze(2)
    weights = torch.softmax(scores.masked_fill(padding, -torch.inf), dim=1)
    context = torch.bmm(weights.unsqueeze(1), encoded).squeeze(1)
    h = torch.tanh(torch.cat([x, context], dim=1) @ p["decoder_kernel"] + h @ p["decoder_recurrent"])
    return h, weights


def run(seed, lengths, target_mask):
    def draw(k, shape, scale):
        return torch.from_numpy(golden.uniform(seed + k, shape, scale))

    p = {n: draw(k, *how).requires_grad_() for k, (n, how) in enumerate(SHAPES.items())}
    encoded, h = encode(p, lengths)
    padding = torch.arange(S) >= lengths[:, None]
    before = torch.zeros_like(h)
    outputs, weights = [], []
    for t in range(T):
        new, w = step(p, p["target"][:, t], h, encoded, padding)
        m = target_mask[:, t, None]
        h, before = torch.where(m, new, h), torch.where(m, new, before)
        outputs.append(before)
        weights.append(w)
    output = torch.stack(outputs, dim=1)
    ((output * draw(10, output.shape, 1.0)).sum() + (h * draw(11, h.shape, 1.0)).sum()).backward()
    found = {"seed": seed, "output": output, "h": h, "weights": torch.stack(weights, dim=1)}
    found.update({"grad_" + n: v.grad for n, v in p.items()})
    return found, padding


def main():
    torch.set_num_threads(1)
    found, _ = run(7300, torch.tensor([S, S]), torch.ones(B, T, dtype=torch.bool))
    golden.save(__file__, "attending", found)
    found, padding = run(7400, torch.tensor([3, S]), TARGET_MASK)
    golden.save(__file__, "attending_masks", dict(found, source_mask=~padding, target_mask=TARGET_MASK))


if __name__ == "__main__":
    main()
