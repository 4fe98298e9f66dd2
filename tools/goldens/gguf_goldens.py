"""Golden files of core/io/gguf, from the reference implementations: PyPI gguf, and ggml's own library for the blocks that
PyPI gguf cannot encode (any build of libggml-base.so, such as the one in the wheel of PyPI pywhispercpp).

    python tools/goldens/gguf_goldens.py tests/golden/io PATH/libggml-base.so
    python tools/goldens/gguf_goldens.py --check FILE.gguf PATH/libggml-base.so

types.gguf has every type of metadata, and tensors of each type whose byte i is (start + i) modulo 251. blocks.gguf has for
each type random blocks and the floats that they mean, and the encoding of given floats. --check reads any file with both
readers, and prints what they see.
"""

import ctypes
import pathlib
import sys

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T
from gguf import GGUFValueType as V
from gguf import quants

TYPES = [T.F32, T.F16, T.BF16, T.Q8_0, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q4_K, T.Q5_K, T.Q6_K]
HALVES = {T.Q8_0: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208]}


def write(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def types_file(path):
    writer = gguf.GGUFWriter(path, "golden")
    scalars = [
        ("u8", 255, V.UINT8), ("i8", -128, V.INT8), ("u16", 65535, V.UINT16), ("i16", -32768, V.INT16),
        ("u32", 4294967295, V.UINT32), ("i32", -2147483648, V.INT32), ("f32", 1.5, V.FLOAT32), ("true", True, V.BOOL),
        ("false", False, V.BOOL), ("string", "two\nlines, \u00fc", V.STRING), ("u64", 2**64 - 1, V.UINT64),
        ("i64", -(2**63), V.INT64), ("f64", -0.1, V.FLOAT64), ("empty", "", V.STRING),
    ]  # fmt: skip
    for key, value, kind in scalars:
        writer.add_key_value(f"a.{key}", value, kind)
    arrays = [
        ("u8", [0, 255], V.UINT8), ("i8", [-1, 2], V.INT8), ("u16", [1], V.UINT16), ("i16", [-1], V.INT16),
        ("u32", [1, 2, 3], V.UINT32), ("i32", [-1, 0, 1], V.INT32), ("f32", [0.5, -2.0], V.FLOAT32),
        ("bool", [True, False, True], V.BOOL), ("string", ["a", "", "\u0120b"], V.STRING), ("u64", [2**63], V.UINT64),
        ("i64", [-1], V.INT64), ("f64", [0.1], V.FLOAT64),
    ]  # fmt: skip
    for key, value, kind in arrays:
        writer.add_key_value(f"b.{key}", value, V.ARRAY, sub_type=kind)
    for i, kind in enumerate(TYPES):
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        raw = ((np.arange(6 * size) + i) % 251).astype(np.uint8).reshape(3, 2 * size)
        writer.add_tensor(f"t.{kind.name}", raw, raw_dtype=kind)
    for extents in [(5,), (2, 3, 4), (2, 1, 3, 2)]:
        raw = (np.arange(4 * np.prod(extents)) % 251).astype(np.uint8).view(np.float32).reshape(extents)
        writer.add_tensor(f"f{len(extents)}", raw)
    write(writer)


def ggml_encode(library, kind, values):
    elements, size = gguf.GGML_QUANT_SIZES[kind]
    out = np.empty(values.size // elements * size, np.uint8)
    encode = library.ggml_quantize_chunk
    encode.restype = ctypes.c_size_t
    encode.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, *[ctypes.c_int64] * 3, ctypes.c_void_p]
    written = encode(int(kind), values.ctypes.data, out.ctypes.data, 0, values.shape[0], values.shape[1], None)
    assert written == out.nbytes
    return out.reshape(values.shape[0], -1)


def blocks_file(path, library):
    rng = np.random.default_rng(20261122)
    writer = gguf.GGUFWriter(path, "golden")
    writer.add_custom_alignment(64)
    values = rng.standard_t(5, size=(16, 256)).astype(np.float32) * np.float32(0.02)
    values *= np.exp(rng.standard_normal((16, 1))).astype(np.float32)
    values[0, :64] = 0  # blocks and groups of zeros
    values[1] = np.abs(values[1])  # no negative element
    values[2] = -np.abs(values[2])
    values[3, :32] = 0.25  # a constant group
    values[4] = 1e-12  # below the least scale
    writer.add_tensor("values", values)
    for kind in TYPES[1:]:
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        blocks = rng.integers(0, 256, (4 * 256 // elements, size), dtype=np.uint8)
        if kind in (T.F16, T.BF16):  # the exponents of infinities and NaN have all bits set
            blocks[:, 1] &= 0xBF
        for at in HALVES.get(kind, []):
            scales = rng.standard_normal(len(blocks)).astype(np.float16)
            scales[::7] *= np.float16(1e-5)  # subnormal
            scales[::11] = 0
            blocks[:, at : at + 2] = scales.view(np.uint8).reshape(-1, 2)
        meaning = quants.dequantize(blocks.reshape(4, -1), kind)
        assert np.isfinite(meaning).all()
        writer.add_tensor(f"blocks.{kind.name}", blocks.reshape(4, -1), raw_dtype=kind)
        writer.add_tensor(f"meaning.{kind.name}", meaning)
        if kind in (T.Q4_K, T.Q5_K, T.Q6_K):
            encoded = ggml_encode(library, kind, values)
        else:
            encoded = quants.quantize(values, kind).view(np.uint8).reshape(16, -1)
            if kind not in (T.F16, T.BF16):
                assert (encoded == ggml_encode(library, kind, values)).all()
        writer.add_tensor(f"encoded.{kind.name}", encoded, raw_dtype=kind)
    write(writer)


def check(path, library):
    reader = gguf.GGUFReader(path)
    for key, field in reader.fields.items():
        print(key, [kind.name for kind in field.types], str(field.contents())[:60])
    for tensor in reader.tensors:
        print(tensor.name, tensor.tensor_type.name, list(tensor.shape)[::-1], tensor.data_offset, tensor.n_bytes)

    class Parameters(ctypes.Structure):
        _fields_ = [("no_alloc", ctypes.c_bool), ("context", ctypes.c_void_p)]

    library.gguf_init_from_file.restype = ctypes.c_void_p
    library.gguf_init_from_file.argtypes = [ctypes.c_char_p, Parameters]
    context = library.gguf_init_from_file(str(path).encode(), Parameters(True, None))
    assert context, "ggml refuses the file"
    for name in ("gguf_get_n_kv", "gguf_get_n_tensors"):
        getattr(library, name).restype = ctypes.c_int64
        getattr(library, name).argtypes = [ctypes.c_void_p]
    # GGUFReader counts the three numbers of the header as fields.
    assert library.gguf_get_n_kv(context) == len(reader.fields) - 3
    assert library.gguf_get_n_tensors(context) == len(reader.tensors)


def main(arguments):
    if arguments[0] == "--check":
        check(pathlib.Path(arguments[1]), ctypes.CDLL(arguments[2]))
        return
    folder = pathlib.Path(arguments[0])
    types_file(folder / "types.gguf")
    blocks_file(folder / "blocks.gguf", ctypes.CDLL(arguments[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
