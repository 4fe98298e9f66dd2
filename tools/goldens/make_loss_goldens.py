"""Policy losses and AdamW by PyTorch in float64, with gradients by autograd.

    python tools/goldens/make_loss_goldens.py tests/golden/loss

Written from the papers' formulas over padded [sequences, tokens] tensors; shares nothing with trainer/loss.cc.
Inputs are float32 values, so that both sides read the same numbers.
"""

import itertools
import json
import sys

import torch

torch.set_default_dtype(torch.float64)
HORIZON = 7


def usual_batch():
    """Lengths 4, 1, 0, 3 (all masked), 6 (partly masked), 2, in groups 0 0 0 1 1 1."""
    generator = torch.Generator().manual_seed(1)
    lengths = [4, 1, 0, 3, 6, 2]
    sequences = []
    for i, length in enumerate(lengths):
        old = -3 * torch.rand(length, generator=generator)
        logprob = old + 0.4 * torch.randn(length, generator=generator)
        reference = logprob + 0.5 * torch.randn(length, generator=generator)
        sequences.append(
            dict(
                logprob=logprob,
                old_logprob=old,
                reference_logprob=reference,
                entropy=2 * torch.rand(length, generator=generator),
                mask=[1] * length,
                advantage=[1.25, -0.75, 0.5, 2.0, -1.5, 0.8][i],
                group=i // 3,
            )
        )
    sequences[3]["mask"] = [0, 0, 0]
    sequences[4]["mask"] = [1, 0, 1, 1, 0, 1]
    return sequences


def extreme_batch():
    """Log ratios of 0, +-20, +-50, equal log-probs, zero advantage."""
    rows = [
        # logprob, old, reference, advantage
        ([-1.0, -1.0, -0.5], [-1.0, -1.0, -0.5], [-1.0, -2.0, -0.5], 1.0),
        ([-0.25, -60.0, -1.0], [-50.25, -10.0, -21.0], [-80.0, -1.0, -21.0], 0.5),
        ([-0.25, -60.0, -1.0], [-50.25, -10.0, -21.0], [-80.0, -1.0, -21.0], -0.5),
        ([-30.0, -0.1], [-10.0, -0.9], [-10.0, -0.1], -2.0),
        ([-0.7, -2.0], [-0.3, -0.1], [-0.2, -0.4], 0.0),
    ]
    return [
        dict(
            logprob=torch.tensor(logprob),
            old_logprob=torch.tensor(old),
            reference_logprob=torch.tensor(reference),
            entropy=torch.tensor([0.5, 0.0, 3.0][: len(logprob)]),
            mask=[1] * len(logprob),
            advantage=advantage,
            group=i // 2,
        )
        for i, (logprob, old, reference, advantage) in enumerate(rows)
    ]


def empty_batch():
    """Nothing counts."""
    sequences = extreme_batch()[:2]
    for sequence in sequences:
        sequence["mask"] = [0] * len(sequence["mask"])
    return sequences


def pad(sequences, key):
    width = max(len(s["mask"]) for s in sequences)
    out = torch.zeros(len(sequences), width)
    for i, sequence in enumerate(sequences):
        values = torch.as_tensor(sequence[key], dtype=torch.float32).double()
        out[i, : len(values)] = values
    return out


def aggregate(values, mask, groups, mode):
    per_token = torch.where(mask > 0, values, torch.zeros_like(values))
    token_count = mask.sum(-1)
    kept = token_count > 0
    sums = per_token.sum(-1)[kept]
    if mode == "token-sum":
        return sums.sum()
    if not kept.any():
        return values.sum() * 0
    if mode == "token-mean":
        return sums.sum() / mask.sum()
    if mode == "seq-mean-token-mean":
        return (sums / token_count[kept]).mean()
    if mode == "seq-mean-token-sum":
        return sums.mean()
    if mode == "seq-mean-token-sum-norm":
        return sums.mean() / HORIZON
    assert mode == "prompt-mean"
    means = []
    for group in sorted(set(groups)):
        rows = torch.tensor([g == group for g in groups])
        if mask[rows].sum() > 0:
            means.append(per_token[rows].sum() / mask[rows].sum())
    return torch.stack(means).mean()


def policy_terms(config, logprob, old, mask, advantage):
    low, high = 1 - config["clip_ratio_low"], 1 + config["clip_ratio_high"]
    log_ratio = logprob - old
    if config["loss_mode"] == "gspo":
        mean = (log_ratio * mask).sum(-1, keepdim=True) / mask.sum(-1, keepdim=True).clamp(min=1)
        log_ratio = mean.detach() + logprob - logprob.detach()
    ratio = log_ratio.clamp(-20, 20).exp()
    if config["loss_mode"] == "cispo":
        return -ratio.clamp(low, high).detach() * advantage * logprob
    loss = torch.maximum(-advantage * ratio, -advantage * ratio.clamp(low, high))
    if config["clip_ratio_c"] > 0:
        loss = torch.where(advantage < 0, torch.minimum(loss, -config["clip_ratio_c"] * advantage), loss)
    return loss


def kl_terms(kind, logprob, reference):
    d = (reference - logprob).clamp(-20, 20)
    k1, k2, k3 = -d, d**2 / 2, d.exp() - d - 1
    return {"k1": k1, "k2": k2, "k3": k3, "k3+": k2 - k2.detach() + k3.detach()}[kind]


def evaluate(config, sequences):
    logprob = pad(sequences, "logprob").requires_grad_()
    entropy = pad(sequences, "entropy").requires_grad_()
    mask = pad(sequences, "mask")
    groups = [s["group"] for s in sequences]
    advantage = torch.tensor([s["advantage"] for s in sequences])[:, None].expand_as(mask)
    mode = config["loss_agg_mode"]
    terms = policy_terms(config, logprob, pad(sequences, "old_logprob"), mask, advantage)
    policy = aggregate(terms, mask, groups, mode)
    kl = torch.zeros(()) * logprob.sum()
    if config["use_kl_loss"]:
        kl = config["kl_loss_coef"] * aggregate(
            kl_terms(config["kl_loss_type"], logprob, pad(sequences, "reference_logprob")), mask, groups, mode
        )
    bonus = -config["entropy_coeff"] * aggregate(entropy, mask, groups, mode)
    (policy + kl + bonus).backward()
    unpad = lambda x: [x[i, : len(s["mask"])].tolist() for i, s in enumerate(sequences)]
    return dict(
        policy=policy.item(),
        kl=kl.item(),
        entropy=bonus.item(),
        d_logprob=unpad(logprob.grad),
        d_entropy=unpad(entropy.grad),
    )


def loss_goldens():
    batches = {"usual": usual_batch(), "extreme": extreme_batch(), "empty": empty_batch()}
    modes = [("vanilla", 0.0), ("vanilla", 3.0), ("gspo", 0.0), ("cispo", 0.0)]
    kls = [None, "k1", "k2", "k3", "k3+"]
    aggregations = [
        "token-mean",
        "seq-mean-token-mean",
        "seq-mean-token-sum",
        "seq-mean-token-sum-norm",
        "token-sum",
        "prompt-mean",
    ]
    cases = []
    for name, (mode, dual), kl, aggregation in itertools.product(batches, modes, kls, aggregations):
        if name == "empty" and (mode, kl) != ("vanilla", "k3"):
            continue
        config = dict(
            loss_mode=mode,
            clip_ratio_low=0.2,
            clip_ratio_high=0.28,
            clip_ratio_c=dual,
            loss_agg_mode=aggregation,
            use_kl_loss=kl is not None,
            kl_loss_type=kl or "k3",
            kl_loss_coef=0.3,
            entropy_coeff=0.01,
        )
        cases.append(dict(batch=name, config=config, expected=evaluate(config, batches[name])))
    plain = {
        name: [
            {k: (v.float().tolist() if torch.is_tensor(v) else v) for k, v in sequence.items()} for sequence in batch
        ]
        for name, batch in batches.items()
    }
    return dict(horizon=HORIZON, batches=plain, cases=cases)


def adamw_goldens():
    """Two parameters of 64 elements, one decayed; 6 steps; the gradient norm is clipped in some steps."""
    settings = dict(lr=0.05, betas=[0.9, 0.95], eps=0.01, weight_decay=0.1, grad_clip=1.5, steps=6)
    start = [[((i * 53 + 7 * p) % 211 - 105) / 256 for i in range(64)] for p in range(2)]
    params = [torch.nn.Parameter(torch.tensor(values)) for values in start]
    optimizer = torch.optim.AdamW(
        [
            dict(params=[params[0]], weight_decay=settings["weight_decay"]),
            dict(params=[params[1]], weight_decay=0.0),
        ],
        lr=settings["lr"],
        betas=tuple(settings["betas"]),
        eps=settings["eps"],
    )
    norms = []
    for step in range(settings["steps"]):
        for p, param in enumerate(params):
            scale = 256 * (1 + step)
            param.grad = torch.tensor([((i * 37 + step * 101 + p * 11) % 257 - 128) / scale for i in range(64)])
        norms.append(torch.nn.utils.clip_grad_norm_(params, settings["grad_clip"]).item())
        optimizer.step()
    return dict(settings=settings, norms=norms, result=[p.tolist() for p in params])


def main():
    folder = sys.argv[1]
    for name, content in (("loss_cases", loss_goldens()), ("adamw", adamw_goldens())):
        with open(f"{folder}/{name}.json", "w") as f:
            json.dump(content, f, separators=(",", ":"))
            f.write("\n")


main()
