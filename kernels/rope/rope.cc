#include "kernels/rope/rope.h"

#include "kernels/autograd_node.h"
#include "kernels/device/device.h"
#include "kernels/memory/step_memory.h"
#include "kernels/op_support.h"
#include "kernels/rope/rope_rows.h"

namespace cohort::kernels {
namespace {

// m(s, k) of YaRN: 0.1 k ln(s) + 1 for s > 1.
double yarn_mscale(double factor, double mscale) {
  return factor <= 1 ? 1.0 : 0.1 * mscale * std::log(factor) + 1.0;
}

// Between the dimensions that turn beta_fast and beta_slow times within the original context, YaRN
// blends inv_j into inv_j / factor.
void stretch_yarn(const RopeConfig& c, std::vector<double>& inverse) {
  const double d = static_cast<double>(c.rotary);
  const auto dimension_of_turns = [&](double turns) {
    return d * std::log(static_cast<double>(c.original_max_position) / (2 * M_PI * turns)) /
           (2 * std::log(c.theta));
  };
  const double low = std::max(std::floor(dimension_of_turns(c.beta_fast)), 0.0);
  double high = std::min(std::ceil(dimension_of_turns(c.beta_slow)), d - 1);
  if (low == high) high += 0.001;
  for (size_t j = 0; j < inverse.size(); ++j) {
    const double ramp = std::clamp((static_cast<double>(j) - low) / (high - low), 0.0, 1.0);
    inverse[j] = inverse[j] * (1 - ramp) + inverse[j] / c.factor * ramp;
  }
}

// Llama 3.1: wavelengths above original / low_freq_factor are stretched, those below original /
// high_freq_factor kept, those between blended.
void stretch_llama3(const RopeConfig& c, std::vector<double>& inverse) {
  const double original = static_cast<double>(c.original_max_position);
  for (double& frequency : inverse) {
    const double turns = original * frequency / (2 * M_PI);
    const double keep = std::clamp(
        (turns - c.low_freq_factor) / (c.high_freq_factor - c.low_freq_factor), 0.0, 1.0);
    frequency = (1 - keep) * frequency / c.factor + keep * frequency;
  }
}

RopeRows rows_of(const at::Tensor& x, const RopeTable& table, const at::Tensor& positions,
                 bool interleaved) {
  RopeRows s;
  s.heads = x.size(1);
  s.dim = x.size(2);
  s.rotary = 2 * table.cos.size(1);
  s.x_stride = x.stride(0);
  s.x_head_stride = x.stride(1);
  s.interleaved = interleaved;
  s.cos = in_ptr<float>(table.cos);
  s.sin = in_ptr<float>(table.sin);
  s.positions = in_ptr<int32_t>(positions);
  return s;
}

void check_arguments(const at::Tensor& x, const RopeTable& table, const at::Tensor& positions) {
  COHORT_CHECK(x.dim() == 3 && x.stride(2) == 1 && 2 * table.cos.size(1) <= x.size(2),
               "rope: x is [T, heads, D] with contiguous columns, D at least the rotary width");
  COHORT_CHECK(positions.scalar_type() == at::kInt && positions.is_contiguous() &&
                   positions.numel() == x.size(0),
               "rope: one int32 position a row");
  const int32_t* p = in_ptr<int32_t>(positions);
  for (int64_t t = 0; t < x.size(0); ++t) {
    COHORT_CHECK(p[t] >= 0 && p[t] < table.cos.size(0), "rope: position {} outside the table of {}",
                 p[t], table.cos.size(0));
  }
}

// in: x of any strides forward, dy contiguous backward; out is contiguous.
void device_rope(const device::DeviceOps& ops, const at::Tensor& in, const RopeTable& table,
                 const at::Tensor& positions, bool interleaved, bool backward,
                 const at::Tensor& out) {
  const at::Tensor uploaded = device::upload(
      std::span(in_ptr<int32_t>(positions), static_cast<size_t>(positions.numel())), in);
  ops.rope({.element = device::element_of(in),
            .backward = backward,
            .interleaved = interleaved,
            .rows = in.size(0),
            .heads = in.size(1),
            .dim = in.size(2),
            .rotary = 2 * table.cos.size(1),
            .in = device::in(in),
            .in_row = in.stride(0),
            .in_head = in.stride(1),
            .out = device::out(out),
            .cos = device::in_as<float>(table.cos),
            .sin = device::in_as<float>(table.sin),
            .positions = device::in_as<int32_t>(uploaded)});
}

struct RopeBackward final : torch::autograd::Node {
  RopeTable table;
  at::Tensor positions;
  bool interleaved = false;

  variable_list apply(variable_list&& grads) override {
    if (!grads[0].defined()) return {at::Tensor()};
    const at::Tensor dy = grads[0].contiguous();
    at::Tensor dx = at::empty_like(dy);
    if (const auto* ops = device_ops(dy)) {
      device_rope(*ops, dy, table, positions, interleaved, /*backward=*/true, dx);
      return {dx};
    }
    const RopeRows s = rows_of(dy, table, positions, interleaved);
    const int64_t row = s.heads * s.dim;
    for_dtype(dy.scalar_type(), [&]<class T>() {
      parallel_items(dy.size(0), row, [&](int64_t begin, int64_t end) {
        rope_rows_backward<T>(s, begin, end, in_ptr<T>(dy), out_ptr<T>(dx));
      });
    });
    return {dx};
  }
};

}  // namespace

// inv_j = theta^(-2j/d), stretched.
std::vector<double> rope_frequencies(const RopeConfig& c) {
  std::vector<double> inverse(static_cast<size_t>(c.rotary / 2));
  for (size_t j = 0; j < inverse.size(); ++j)
    inverse[j] = std::pow(c.theta, -2.0 * static_cast<double>(j) / static_cast<double>(c.rotary));
  if (c.factor <= 1) return inverse;
  switch (c.scaling) {
    case RopeScaling::yarn:
      stretch_yarn(c, inverse);
      break;
    case RopeScaling::llama3:
      stretch_llama3(c, inverse);
      break;
    case RopeScaling::linear:
      for (double& frequency : inverse) frequency /= c.factor;
  }
  return inverse;
}

RopeTable make_rope_table(const RopeConfig& config, int64_t max_position) {
  const int64_t half = config.rotary / 2;
  const std::vector<double> frequency = rope_frequencies(config);
  const double attention_factor = config.scaling != RopeScaling::yarn
                                      ? 1.0
                                      : yarn_mscale(config.factor, config.mscale) /
                                            yarn_mscale(config.factor, config.mscale_all_dim);
  RopeTable table;
  table.cos = at::empty({max_position, half}, at::TensorOptions().dtype(at::kFloat));
  table.sin = at::empty_like(table.cos);
  float* cos = out_ptr<float>(table.cos);
  float* sin = out_ptr<float>(table.sin);
  for (int64_t p = 0; p < max_position; ++p) {
    for (int64_t j = 0; j < half; ++j) {
      // The frequency is rounded to fp32 and the angle is formed in fp32, as transformers does.
      const float angle = static_cast<float>(p) * static_cast<float>(frequency[j]);
      cos[p * half + j] =
          static_cast<float>(std::cos(static_cast<double>(angle)) * attention_factor);
      sin[p * half + j] =
          static_cast<float>(std::sin(static_cast<double>(angle)) * attention_factor);
    }
  }
  return table;
}

at::Tensor rope(const at::Tensor& x, const RopeTable& table, const at::Tensor& positions,
                bool interleaved) {
  check_arguments(x, table, positions);
  at::Tensor y = result(x.sizes(), x.options());
  if (const auto* ops = device_ops(x)) {
    device_rope(*ops, x, table, positions, interleaved, /*backward=*/false, y);
  } else {
    const RopeRows s = rows_of(x, table, positions, interleaved);
    for_dtype(x.scalar_type(), [&]<class T>() {
      parallel_items(x.size(0), s.heads * s.dim, [&](int64_t begin, int64_t end) {
        rope_rows<T>(s, begin, end, in_ptr<T>(x), out_ptr<T>(y));
      });
    });
  }
  if (takes_gradient(x)) {
    auto node = make_node<RopeBackward>(x);
    node->table = table;
    node->positions = positions;
    node->interleaved = interleaved;
    set_output(y, node);
  }
  return y;
}

}  // namespace cohort::kernels
