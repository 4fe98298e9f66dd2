#include <cstring>
#include <set>

#include "core/base/error.h"
#include "core/io/safetensors.h"
#include "kernels/optimizer/optimizer.h"
#include "model/hf_folder.h"
#include "model/parameter_layout.h"
#include "model/stored_values.h"
#include "model/tensor_faults.h"
#include "model/weight_filler.h"

namespace cohort {
namespace {

// A tensor of the file and the range of the flat buffer that it fills.
struct Source {
  std::string name;
  std::vector<int64_t> shape;
  int64_t offset, numel;
};

// The store's tensors; where the file holds a layer's experts fused, as transformers 5 has them in
// memory, that tensor in place of the single experts: it lies in the same order.
std::vector<Source> expected_sources(const ParameterStore& store,
                                     const std::map<std::string, TensorView>& file) {
  const ModelConfig& c = store.config();
  std::vector<Source> sources;
  for (const TensorEntry& t : store.tensors()) {
    const size_t expert = t.name.find(".experts.");
    if (expert == std::string::npos || t.name.find("shared_experts") != std::string::npos) {
      sources.push_back({t.name, t.shape, t.offset, t.numel});
      continue;
    }
    const bool down = t.name.ends_with("down_proj.weight");
    const std::string fused =
        t.name.substr(0, expert) + ".experts." + (down ? "down_proj" : "gate_up_proj");
    if (!file.contains(fused)) {
      sources.push_back({t.name, t.shape, t.offset, t.numel});
    } else if (sources.back().name != fused) {
      const int64_t parts = down ? 1 : 2;
      sources.push_back({fused,
                         {c.n_routed_experts, parts * t.shape[0], t.shape[1]},
                         t.offset,
                         c.n_routed_experts * parts * t.numel});
    }
  }
  return sources;
}

std::string scales_name(const std::string& weight) { return weight + "_scale_inv"; }

class Loader {
 public:
  Loader(const std::string& folder, ParameterStore& store)
      : folder_(folder),
        store_(store),
        weights_(SafetensorsFolder::open(folder)),
        file_(weights_->tensors()),
        sources_(expected_sources(store, file_)) {}

  // One line that tells everything that does not fit.
  void check_names() const {
    TensorFaults faults;
    std::set<std::string> known;
    for (const Source& source : sources_) expect(source.name, source.shape, known, faults);
    for (const auto& [name, bias] : store_.buffers())
      expect(name, bias.sizes().vec(), known, faults);
    for (const auto& [name, original] : repeated_tensors(store_.config()))
      if (file_.contains(name)) expect(name, store_.tensor(original).sizes().vec(), known, faults);
    for (const auto& [name, view] : file_)
      if (!known.contains(name)) faults.surplus(name);
    faults.throw_if_any(folder_, "config.json");
  }

  void load(at::Tensor* masters_f32) const {
    WeightFiller filler(store_, masters_f32);
    for (const Source& source : sources_) {
      if (file_.at(source.name).dtype == DType::f8_e4m3) {
        fill_f8(source, filler);
      } else {
        fill(source, filler);
      }
    }
    for (const auto& [name, bias] : store_.buffers())
      read(name, file_.at(name).data,
           {bias.mutable_data_ptr<float>(), static_cast<size_t>(bias.numel())});
    for (const auto& [name, original] : repeated_tensors(store_.config())) {
      if (!file_.contains(name)) continue;
      check_equal(name, original);
      if (file_.at(name).dtype == DType::f8_e4m3)
        check_equal(scales_name(name), scales_name(original));
    }
  }

 private:
  void expect(const std::string& name, const std::vector<int64_t>& shape,
              std::set<std::string>& known, TensorFaults& faults) const {
    known.insert(name);
    const auto found = file_.find(name);
    if (found == file_.end()) return faults.missing(name);
    if (found->second.shape != shape) return faults.misshapen(name, found->second.shape, shape);
    if (found->second.dtype != DType::f8_e4m3) return;
    if (shape.size() != 2)
      throw_error<InputError>("{}: it is F8_E4M3, which only matrices may be (experts one by one)",
                              place(name));
    expect(scales_name(name), {f8_blocks(shape[0]), f8_blocks(shape[1])}, known, faults);
  }

  void fill(const Source& source, WeightFiller& filler) const {
    const TensorView& view = file_.at(source.name);
    const bool as_it_is = view.dtype == DType::bf16 && filler.takes_bf16();
    const size_t size = dtype_size(view.dtype);
    for (int64_t begin = 0; begin < source.numel; begin += WeightFiller::kPiece) {
      const int64_t count = std::min(WeightFiller::kPiece, source.numel - begin);
      const auto data =
          view.data.subspan(static_cast<size_t>(begin) * size, static_cast<size_t>(count) * size);
      if (as_it_is) {
        filler.fill_bf16(source.offset + begin, count, [&](std::span<uint16_t> out) {
          if (!copy_finite_bf16(data, out)) refuse_value(source.name);
        });
        weights_->release(data);
      } else {
        filler.fill(source.offset + begin, count,
                    [&](std::span<float> out) { read(source.name, data, out); });
      }
    }
  }

  // Whole rows at once.
  void fill_f8(const Source& source, WeightFiller& filler) const {
    const TensorView& view = file_.at(source.name);
    const std::string name = scales_name(source.name);
    const TensorView& factors = file_.at(name);
    if (factors.dtype != DType::f32)
      throw_error<InputError>("{} has type {}, expected F32", place(name),
                              dtype_name(factors.dtype));
    std::vector<float> scales(factors.data.size() / sizeof(float));
    read(name, factors.data, scales);
    const int64_t rows = source.shape[0], columns = source.shape[1];
    const int64_t at_once = std::max<int64_t>(1, WeightFiller::kPiece / columns);
    for (int64_t r = 0; r < rows; r += at_once) {
      const int64_t count = std::min(at_once, rows - r) * columns;
      const auto data =
          view.data.subspan(static_cast<size_t>(r * columns), static_cast<size_t>(count));
      filler.fill(source.offset + r * columns, count, [&](std::span<float> out) {
        dequantize_f8(data, columns, r, scales, out);
        if (!kernels::all_finite(out)) refuse_value(source.name);
      });
      weights_->release(data);
    }
  }

  // A part of a tensor as fp32; not a number and infinity are refused.
  void read(const std::string& name, std::span<const std::byte> data, std::span<float> out) const {
    dequantize(float_type(name), data, out);
    if (!kernels::all_finite(out)) refuse_value(name);
    weights_->release(data);
  }

  // ggml has the same bits under other names.
  GgmlType float_type(const std::string& name) const {
    const DType dtype = file_.at(name).dtype;
    switch (dtype) {
      case DType::f32:
        return GgmlType::f32;
      case DType::bf16:
        return GgmlType::bf16;
      case DType::f16:
        return GgmlType::f16;
      default:
        throw_error<InputError>("{} has type {}, expected F32, BF16 or F16", place(name),
                                dtype_name(dtype));
    }
  }

  void check_equal(const std::string& name, const std::string& original) const {
    const TensorView& view = file_.at(name);
    const TensorView& first = file_.at(original);
    if (view.dtype != first.dtype || !std::ranges::equal(view.data, first.data))
      throw_error<InputError>("{} differs from {}, which it should repeat", place(name), original);
    weights_->release(view.data);
    weights_->release(first.data);
  }

  [[noreturn]] void refuse_value(const std::string& name) const {
    throw_error<InputError>("{} holds a value that is not finite", place(name));
  }

  std::string place(const std::string& name) const {
    return fmt::format("{}: tensor {}", folder_, name);
  }

  const std::string& folder_;
  ParameterStore& store_;
  const std::shared_ptr<const SafetensorsFolder> weights_;
  const std::map<std::string, TensorView>& file_;
  const std::vector<Source> sources_;
};

}  // namespace

void load_hf_weights(const std::string& folder, ParameterStore& store, at::Tensor* masters_f32) {
  const Loader loader(folder, store);
  loader.check_names();
  loader.load(masters_f32);
}

}  // namespace cohort
