#include "trainer/model_comparison.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/base/error.h"
#include "kernels/token_logprob/token_logprob.h"
#include "model/chat_template/chat_template.h"
#include "model/sequence_logits.h"

namespace cohort {
namespace {

using nlohmann::json;

// Conversations that templates take in different ways; what a template refuses counts too.
std::vector<Conversation> conversations() {
  const auto say = [](const char* role, const char* text) {
    return nlohmann::ordered_json{{"role", role}, {"content", text}};
  };
  std::vector<Conversation> out(3);
  out[0].messages = {say("user", "What is 17 + 25?")};
  out[1].messages = {say("system", "Be brief."), say("user", "Name a prime.")};
  out[2].messages = {say("user", "Hi"), say("assistant", "<think>\nHm.\n</think>\n\nHello!"),
                     say("user", "  How many?\n")};
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].add_generation_prompt = i != 2;
    out[i].now = std::tm{};
    out[i].now->tm_mday = 1;
    out[i].now->tm_year = 126;
  }
  return out;
}

// Empty when there is none.
std::optional<ChatTemplate> template_of(const Tokenizer& tokenizer) {
  try {
    return ChatTemplate::of_files(tokenizer.files(), "");
  } catch (const InputError&) {
    return std::nullopt;
  }
}

// Empty when the template refuses it.
std::optional<std::string> prompt_of(const ChatTemplate& chat_template,
                                     const Conversation& conversation) {
  try {
    return chat_template.render(conversation);
  } catch (const InputError&) {
    return std::nullopt;
  }
}

std::string template_fault(const Tokenizer& source, const Tokenizer& copy) {
  const auto wanted = template_of(source), found = template_of(copy);
  if (wanted.has_value() != found.has_value())
    return fmt::format("the chat template is {}", found ? "new" : "lost");
  if (!wanted) return "";
  for (const Conversation& conversation : conversations())
    if (prompt_of(*wanted, conversation) != prompt_of(*found, conversation))
      return fmt::format("the chat template makes another prompt of {}",
                         conversation.messages.dump());
  return "";
}

std::string special_fault(const Tokenizer& source, const Tokenizer& copy) {
  const auto differ = [](const char* what, int64_t wanted, int64_t found) {
    return wanted == found ? "" : fmt::format("{} is {}, the source's is {}", what, found, wanted);
  };
  std::string fault = differ("the number of tokens", source.vocab_size(), copy.vocab_size());
  if (fault.empty()) fault = differ("bos", source.bos_id(), copy.bos_id());
  if (fault.empty()) fault = differ("eos", source.eos_id(), copy.eos_id());
  if (fault.empty()) fault = differ("pad", source.pad_id(), copy.pad_id());
  return fault;
}

// Beginning of what is shown of a text, whole characters of it.
std::string shown(const std::string& text) {
  constexpr size_t kShown = 60;
  return json(text.substr(0, kShown)).dump(-1, ' ', false, json::error_handler_t::ignore);
}

std::string value_fault(const json& source, const json& copy, const std::string& key) {
  constexpr double kTolerance = 1e-6;
  if (source.is_object() && copy.is_object()) {
    for (const auto& [name, value] : source.items())
      if (const std::string fault =
              value_fault(value, copy.value(name, json()), key.empty() ? name : key + "." + name);
          !fault.empty())
        return fault;
    for (const auto& [name, value] : copy.items())
      if (!source.contains(name))
        return fmt::format("{} is {}, the source has none", name, value.dump());
    return "";
  }
  if (source.is_number() && copy.is_number()) {
    const double a = source.get<double>(), b = copy.get<double>();
    if (std::fabs(a - b) <= kTolerance * std::fabs(a)) return "";
  }
  return source == copy
             ? ""
             : fmt::format("{} is {}, the source's is {}", key, copy.dump(), source.dump());
}

double rms(const float* values, int64_t count, double shift = 0) {
  double squares = 0;
  for (int64_t i = 0; i < count; ++i) squares += (values[i] + shift) * (values[i] + shift);
  return std::sqrt(squares / static_cast<double>(count));
}

double rms_of_difference(const float* a, const float* b, int64_t count) {
  double squares = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double off = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    squares += off * off;
  }
  return std::sqrt(squares / static_cast<double>(count));
}

// The largest error of its rows.
double row_error(const float* source, const float* copy, int64_t rows, int64_t columns,
                 double shift) {
  const double whole = rms(source, rows * columns, shift);
  double most = 0;
  for (int64_t row = 0; row < rows; ++row) {
    const float* values = source + row * columns;
    const double off = rms_of_difference(values, copy + row * columns, columns);
    if (off == 0) continue;
    most = std::max(most, off / std::max(whole, rms(values, columns, shift)));
  }
  return most;
}

// log softmax of a row.
void log_probabilities(const float* logits, int64_t count, std::vector<double>& out) {
  const double most = *std::max_element(logits, logits + count);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(logits[i] - most);
  const double lse = most + std::log(sum);
  for (int64_t i = 0; i < count; ++i) out[static_cast<size_t>(i)] = logits[i] - lse;
}

}  // namespace

TextDistance compare_tokenizers(const Tokenizer& source, const Tokenizer& copy,
                                const std::vector<std::string>& texts) {
  TextDistance distance;
  distance.first_fault = special_fault(source, copy);
  if (distance.first_fault.empty()) distance.first_fault = template_fault(source, copy);
  for (const std::string& text : texts) {
    const std::vector<int32_t> ids = source.encode(text);
    std::string fault;
    try {
      if (copy.encode(text) != ids)
        fault = "gives other ids";
      else if (copy.decode(ids) != source.decode(ids))
        fault = "is decoded otherwise";
    } catch (const InputError& e) {
      fault = fmt::format("cannot be encoded ({})", e.what());
    }
    distance.texts += 1;
    distance.ids += std::ssize(ids);
    if (fault.empty()) continue;
    distance.differing += 1;
    if (distance.first_fault.empty())
      distance.first_fault = fmt::format("the text {} {}", shown(text), fault);
  }
  return distance;
}

std::string compare_configs(const ModelConfig& source, const ModelConfig& copy) {
  ModelConfig wanted = source, found = copy;
  for (ModelConfig* c : {&wanted, &found}) {
    c->bos_token_id = c->eos_token_id = c->pad_token_id = -1;
    // What follows from other keys may be left out or be said.
    if (!c->latent_attention()) c->head_dim = c->query_dim();
    bool slides = false;
    for (int64_t layer = 0; layer < c->num_hidden_layers; ++layer) slides |= c->sliding(layer);
    if (!slides) {
      c->sliding_window = 0;
      c->layer_types.clear();
    }
  }
  found.initializer_range = wanted.initializer_range;
  if (found.num_nextn_predict_layers == 0) wanted.num_nextn_predict_layers = 0;
  return value_fault(wanted.to_hf("float32"), found.to_hf("float32"), "");
}

WeightDistance compare_weights(const ParameterStore& source, const ParameterStore& copy) {
  COHORT_CHECK(source.dtype() == at::kFloat && copy.dtype() == at::kFloat &&
                   source.device().is_cpu() && copy.device().is_cpu(),
               "weights are compared in fp32 in host memory");
  const bool has_mtp = copy.config().num_nextn_predict_layers > 0;
  WeightDistance distance;
  const auto keep = [&](const std::string& name, double error) {
    if (error > distance.error) distance = {error, name};
  };
  for (const TensorEntry& t : source.tensors()) {
    if (t.mtp && !has_mtp) continue;
    const bool whole = t.shape.size() < 2 || t.name.ends_with("kv_b_proj.weight");
    const int64_t rows = whole ? 1 : t.shape[0];
    const double shift = source.config().gemma() && t.name.ends_with("norm.weight") ? 1 : 0;
    keep(t.name,
         row_error(source.tensor(t.name).const_data_ptr<float>(),
                   copy.tensor(t.name).const_data_ptr<float>(), rows, t.numel / rows, shift));
  }
  for (const auto& [name, bias] : source.buffers()) {
    const auto found = copy.buffers().find(name);
    if (found == copy.buffers().end()) continue;  // of an MTP module
    keep(name, row_error(bias.const_data_ptr<float>(), found->second.const_data_ptr<float>(), 1,
                         bias.numel(), 0));
  }
  return distance;
}

LogitDistance compare_logits(Decoder& source, Decoder& copy,
                             const std::vector<std::vector<int32_t>>& sequences) {
  constexpr int64_t kRows = 32;  // of logits at a time
  const at::NoGradGuard no_grad;
  const int64_t vocab = source.config().vocab_size;
  COHORT_CHECK_EQ(vocab, copy.config().vocab_size);
  std::vector<double> p(static_cast<size_t>(vocab)), q(p);
  LogitDistance distance;
  double off = 0, power = 0;
  for (const std::vector<int32_t>& ids : sequences) {
    const at::Tensor source_TH = source.hidden(single_sequence(ids));
    const at::Tensor copy_TH = copy.hidden(single_sequence(ids));
    const auto length = std::ssize(ids);
    for (int64_t begin = 0; begin < length; begin += kRows) {
      const int64_t rows = std::min(kRows, length - begin);
      const at::Tensor zp = kernels::logits(source_TH.narrow(0, begin, rows), source.head()).cpu();
      const at::Tensor zq = kernels::logits(copy_TH.narrow(0, begin, rows), copy.head()).cpu();
      for (int64_t row = 0; row < rows; ++row) {
        const float* a = zp.const_data_ptr<float>() + row * vocab;
        const float* b = zq.const_data_ptr<float>() + row * vocab;
        log_probabilities(a, vocab, p);
        log_probabilities(b, vocab, q);
        double kl = 0;
        for (int64_t v = 0; v < vocab; ++v) {
          const auto i = static_cast<size_t>(v);
          const double difference = static_cast<double>(b[v]) - static_cast<double>(a[v]);
          off += difference * difference;
          power += static_cast<double>(a[v]) * static_cast<double>(a[v]);
          kl += std::exp(p[i]) * (p[i] - q[i]);
        }
        distance.mean_kl += kl;
        distance.max_kl = std::max(distance.max_kl, kl);
        distance.top1 += std::max_element(a, a + vocab) - a == std::max_element(b, b + vocab) - b;
      }
    }
    distance.tokens += length;
  }
  const auto tokens = static_cast<double>(distance.tokens);
  distance.nmse = off == 0 ? 0 : off / power;
  distance.top1 /= tokens;
  distance.mean_kl /= tokens;
  return distance;
}

}  // namespace cohort
