"""Golden files of core/io, from the reference implementations (safetensors, tensorboard).

    python tools/goldens/io_goldens.py tests/golden/io
"""

import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import save_file
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

DTYPES = {
    "BOOL": torch.bool,
    "U8": torch.uint8,
    "I8": torch.int8,
    "F8_E5M2": torch.float8_e5m2,
    "F8_E4M3": torch.float8_e4m3fn,
    "I16": torch.int16,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I32": torch.int32,
    "F32": torch.float32,
    "F64": torch.float64,
    "I64": torch.int64,
}


def counting_bytes(count, start):
    return (np.arange(count) + start) % 251


def tensor(dtype, shape, start):
    """Byte i is (start + i) modulo 251, and then modulo 2 for booleans."""
    count = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    raw = counting_bytes(count, start) % (2 if dtype == torch.bool else 256)
    return torch.from_numpy(raw.astype(np.uint8)).view(dtype).reshape(shape)


def safetensors_file(path):
    tensors = {}
    for i, (name, dtype) in enumerate(DTYPES.items()):
        tensors[f"b.{name}"] = tensor(dtype, (2, 3), i)
        tensors[f"a.{name}"] = tensor(dtype, (3,), 100 + i)
    tensors["scalar"] = tensor(torch.float32, (), 7)
    tensors["empty"] = torch.empty((2, 0), dtype=torch.float32)
    tensors['quote " and \u00fc'] = tensor(torch.uint8, (1,), 9)
    save_file(tensors, path, metadata={"format": "pt"})


def tfevents_file(path):
    with open(path, "wb") as file:
        writer = RecordWriter(file)
        writer.write(event_pb2.Event(wall_time=1700000000.5, file_version="brain.Event:2").SerializeToString())
        for tag, step, value in [("reward/mean", 0, 0.5), ("reward/mean", 1, -1e30), ("x", 300, float("inf")), ("l\u00e4nge", 1 << 40, 0.0)]:
            summary = summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=tag, simple_value=value)])
            event = event_pb2.Event(wall_time=1700000000.5 + step, step=step, summary=summary)
            writer.write(event.SerializeToString())


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    safetensors_file(folder / "types.safetensors")
    tfevents_file(folder / "scalars.tfevents")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
