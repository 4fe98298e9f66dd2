#include <algorithm>

#include "model/hf_config/hf_config.h"

namespace cohort {
namespace {

using kernels::RopeScaling;
using nlohmann::json;

void read_yarn(const KeyReader& rope, ModelConfig& c) {
  kernels::RopeConfig& y = c.scaling;
  rope.read("beta_fast", y.beta_fast, 0.0);
  rope.read("beta_slow", y.beta_slow, 0.0);
  rope.read("mscale", y.mscale, 0.0);
  rope.read("mscale_all_dim", y.mscale_all_dim, 0.0);
  rope.only("truncate", true);
  if (rope.has("attention_factor")) rope.fail("attention_factor", "none (mscale gives it)");
  // transformers takes both or neither for cos and sin, but mscale_all_dim alone for the softmax
  // scale of latent attention.
  const bool has_mscale = rope.has("mscale") && y.mscale != 0;
  if (!has_mscale && y.mscale_all_dim != 0) rope.fail("mscale_all_dim", "none without mscale");
  if (y.mscale_all_dim == 0) y.mscale = 1;
}

}  // namespace

void read_rope_object(const json& object, const std::string& place, ModelConfig& c) {
  const KeyReader rope(object, place);
  rope.read("rope_theta", c.rope_theta, 1.0);
  rope.only("partial_rotary_factor", 1.0);
  std::string kind = "default";
  for (const char* key : {"type", "rope_type"}) {
    rope.read(key, kind);
    if (rope.has(key) && kind != "default" && kind != "yarn" && kind != "llama3" &&
        kind != "linear")
      rope.fail(key, "yarn, llama3, linear or default (supported)");
  }
  if (kind != "default") {
    rope.require("factor", c.scaling.factor, 1.0);
    if (kind == "linear") {
      c.scaling.scaling = RopeScaling::linear;
    } else {
      rope.require("original_max_position_embeddings", c.scaling.original_max_position, int64_t{1});
    }
    if (kind == "llama3") {
      c.scaling.scaling = RopeScaling::llama3;
      rope.require("low_freq_factor", c.scaling.low_freq_factor, 0.0);
      rope.require("high_freq_factor", c.scaling.high_freq_factor, 0.0);
    }
    if (kind == "yarn") read_yarn(rope, c);
  }
  rope.refuse_unknown();
}

void read_rope(const KeyReader& r, ModelConfig& c) {
  r.only("partial_rotary_factor", 1.0);
  r.read("rope_theta", c.rope_theta, 1.0);
  const char* from = nullptr;
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    if (!r.has(key)) continue;
    if (!r.at(key).is_object()) r.fail(key, "an object");
    if (from != nullptr && r.at(key) != r.at(from)) r.fail(key, "the same as rope_scaling");
    read_rope_object(r.at(key), r.place() + ": " + key, c);
    from = key;
  }
  if (r.has("rope_theta") && r.at("rope_theta") != c.rope_theta)
    r.fail("rope_theta", fmt::format("{}, as {} says", c.rope_theta, from));
}

void write_rope(const ModelConfig& c, json& config) {
  config["rope_theta"] = c.rope_theta;
  config["rope_scaling"] = nullptr;
  const kernels::RopeConfig& s = c.scaling;
  if (s.factor <= 1) return;
  const char* kind = s.scaling == RopeScaling::yarn     ? "yarn"
                     : s.scaling == RopeScaling::llama3 ? "llama3"
                                                        : "linear";
  json rope = {{"type", kind}, {"rope_type", kind}, {"factor", s.factor}};
  if (s.scaling != RopeScaling::linear)
    rope["original_max_position_embeddings"] = s.original_max_position;
  if (s.scaling == RopeScaling::llama3) {
    rope["low_freq_factor"] = s.low_freq_factor;
    rope["high_freq_factor"] = s.high_freq_factor;
  }
  if (s.scaling == RopeScaling::yarn) {
    rope["beta_fast"] = s.beta_fast;
    rope["beta_slow"] = s.beta_slow;
    if (s.mscale_all_dim != 0) {
      rope["mscale"] = s.mscale;
      rope["mscale_all_dim"] = s.mscale_all_dim;
    }
  }
  config["rope_scaling"] = rope;
}

}  // namespace cohort
