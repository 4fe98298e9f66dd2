#include "trainer/group_codec.h"

#include <cstring>
#include <type_traits>

#include "core/base/error.h"

namespace cohort {
namespace {

class GroupWriter {
 public:
  template <class T>
  void item(const T& value) {
    const auto* begin = reinterpret_cast<const std::byte*>(&value);
    bytes.insert(bytes.end(), begin, begin + sizeof(T));
  }
  template <class List>
  void list(const List& values) {
    item(static_cast<uint64_t>(values.size()));
    const auto* begin = reinterpret_cast<const std::byte*>(values.data());
    bytes.insert(bytes.end(), begin, begin + values.size() * sizeof(values[0]));
  }
  template <class T, class Each>
  void each(const std::vector<T>& values, const Each& encode) {
    item(static_cast<uint64_t>(values.size()));
    for (const T& value : values) encode(value);
  }

  std::vector<std::byte> bytes;
};

class GroupReader {
 public:
  explicit GroupReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <class T>
  void item(T& value) {
    std::memcpy(&value, take(sizeof(T)), sizeof(T));
  }
  template <class List>
  void list(List& values) {
    values.resize(count(sizeof(values[0])));
    if (values.empty()) return;
    const size_t size = values.size() * sizeof(values[0]);
    std::memcpy(values.data(), take(size), size);
  }
  template <class T, class Each>
  void each(std::vector<T>& values, const Each& decode) {
    values.resize(count(1));
    for (T& value : values) decode(value);
  }
  bool empty() const { return rest_.empty(); }

 private:
  const std::byte* take(size_t size) {
    if (size > rest_.size())
      throw_error<InputError>("encoded groups are torn: {} bytes are missing", size - rest_.size());
    const std::byte* const data = rest_.data();
    rest_ = rest_.subspan(size);
    return data;
  }
  // A number of things of at least `size` bytes, which the rest can hold.
  size_t count(size_t size) {
    uint64_t n = 0;
    item(n);
    if (n > rest_.size() / size)
      throw_error<InputError>("encoded groups are torn: {} items in {} bytes", n, rest_.size());
    return n;
  }

  std::span<const std::byte> rest_;
};

// One description of the layout for both directions; G is Group or const Group.
template <class Codec, class G>
void code_group(Codec& c, G& group) {
  c.item(group.prompt.ordinal);
  c.item(group.prompt.row);
  c.list(group.prompt.source);
  c.list(group.prompt.text);
  c.list(group.prompt.answer);
  c.list(group.prompt.tokens);
  c.each(group.completions, [&](auto& completion) {
    c.list(completion.tokens);
    c.list(completion.logprob);
    c.list(completion.logprob_sampled);
    c.list(completion.expert_sets);
    c.item(completion.finish);
    c.list(completion.text);
  });
  c.each(group.scores, [&](auto& score) {
    c.item(score.total);
    c.item(score.punishment);
    c.each(score.components, [&](auto& component) {
      c.item(component.value);
      c.item(component.verdict);
      c.item(component.reason);
      c.item(component.test_case);
    });
  });
  c.list(group.advantages);
}

}  // namespace

std::vector<std::byte> encode_groups(const std::vector<Group>& groups) {
  GroupWriter encoder;
  encoder.each(groups, [&](const Group& group) { code_group(encoder, group); });
  return std::move(encoder.bytes);
}

std::vector<Group> decode_groups(std::span<const std::byte> bytes) {
  std::vector<Group> groups;
  if (bytes.empty()) return groups;
  GroupReader decoder(bytes);
  decoder.each(groups, [&](Group& group) { code_group(decoder, group); });
  if (!decoder.empty()) throw_error<InputError>("encoded groups are torn: bytes are left over");
  return groups;
}

}  // namespace cohort
