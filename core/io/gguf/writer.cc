// Writing: the header whole, then the tensors piece by piece.
#include <fcntl.h>
#include <unistd.h>

#include <unordered_set>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/io/gguf/layout.h"
#include "core/io/posix_file.h"
#include "core/io/shown.h"

namespace cohort {

using namespace gguf_layout;

namespace {

class HeaderText {
 public:
  template <class T>
  void number(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void string(std::string_view value) {
    number<uint64_t>(value.size());
    text_ += value;
  }
  void value(const GgufValue& held) {
    // Types by their numbers: the place of the scalar in the variant, which arrays' 9 leaves out.
    constexpr size_t kScalars = kTypes - 1;
    const auto index = static_cast<uint32_t>(held.index() % kScalars);
    const uint32_t type = index < kArray ? index : index + 1;
    if (held.index() >= kScalars) number(kArray);
    number(type);
    std::visit([&](const auto& content) { put(content); }, held);
  }
  void pad(uint64_t alignment) { text_.resize(padded(text_.size(), alignment)); }
  const std::string& text() const { return text_; }

 private:
  template <class T>
  void put(const T& value) {
    number(value);
  }
  void put(bool value) { number<uint8_t>(value ? 1 : 0); }
  void put(const std::string& value) { string(value); }
  template <class T>
  void put(const std::vector<T>& values) {
    number<uint64_t>(values.size());
    for (const auto& value : values) put(static_cast<const T&>(value));
  }

  std::string text_;
};

uint64_t alignment_of(const GgufMetadata& metadata) {
  const GgufValue* value = metadata.find(kAlignmentKey);
  if (!value) return kDefaultAlignment;
  const uint32_t* alignment = std::get_if<uint32_t>(value);
  COHORT_CHECK(alignment, "{} is a u32", kAlignmentKey);
  const std::string fault = fault_of_alignment(*alignment);
  COHORT_CHECK(fault.empty(), "{}: {}", kAlignmentKey, fault);
  return *alignment;
}

void check_tensors(const std::string& path, const std::vector<GgufTensorInfo>& tensors) {
  std::unordered_set<std::string_view> names;
  for (const GgufTensorInfo& tensor : tensors) {
    std::string fault = fault_of_name(tensor.name);
    if (fault.empty()) fault = fault_of_shape(tensor.type, tensor.shape);
    COHORT_CHECK(fault.empty(), "{}: tensor {}: {}", path, shown(tensor.name), fault);
    COHORT_CHECK(names.insert(tensor.name).second, "{}: the name {} is taken", path, tensor.name);
  }
}

}  // namespace

struct GgufWriter::State {
  std::string path;
  std::string part;
  std::vector<GgufTensorInfo> tensors;
  uint64_t alignment = 0;
  int fd = -1;
  size_t current = 0;    // the tensor that is not complete
  uint64_t written = 0;  // of it

  uint64_t size(size_t i) const { return tensor_bytes(tensors[i].type, tensors[i].shape); }

  // Goes on to the next tensor that has bytes to come.
  void skip_complete() {
    static constexpr char kZeros[4096] = {};
    while (current < tensors.size() && written == size(current)) {
      for (uint64_t left = padded(written, alignment) - written; left > 0;) {
        const uint64_t some = std::min<uint64_t>(left, sizeof(kZeros));
        posix_file::write_all(fd, part, kZeros, some);
        left -= some;
      }
      ++current;
      written = 0;
    }
  }

  ~State() {
    if (fd < 0) return;
    ::close(fd);
    ::unlink(part.c_str());
  }
};

GgufWriter::GgufWriter(const std::string& path, const GgufMetadata& metadata,
                       std::vector<GgufTensorInfo> tensors)
    : state_(std::make_unique<State>()) {
  check_tensors(path, tensors);
  state_->path = path;
  state_->part = path + ".part";
  state_->alignment = alignment_of(metadata);
  state_->tensors = std::move(tensors);

  HeaderText header;
  for (const char c : kMagic) header.number(c);
  header.number(kVersion);
  header.number<uint64_t>(state_->tensors.size());
  header.number<uint64_t>(metadata.entries().size());
  for (const auto& [key, value] : metadata.entries()) {
    header.string(key);
    header.value(value);
  }
  uint64_t offset = 0;
  for (size_t i = 0; i < state_->tensors.size(); ++i) {
    const GgufTensorInfo& tensor = state_->tensors[i];
    header.string(tensor.name);
    header.number<uint32_t>(static_cast<uint32_t>(tensor.shape.size()));
    for (size_t k = tensor.shape.size(); k-- > 0;)
      header.number<uint64_t>(static_cast<uint64_t>(tensor.shape[k]));
    header.number(static_cast<uint32_t>(tensor.type));
    header.number(offset);
    offset = padded(offset + state_->size(i), state_->alignment);
  }
  header.pad(state_->alignment);

  state_->fd = ::open(state_->part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (state_->fd < 0) posix_file::fail(state_->part, "create");
  posix_file::write_all(state_->fd, state_->part, header.text().data(), header.text().size());
  state_->skip_complete();
}

GgufWriter::~GgufWriter() = default;

void GgufWriter::append(std::string_view name, std::span<const std::byte> data) {
  State& state = *state_;
  COHORT_CHECK(state.current < state.tensors.size() && state.tensors[state.current].name == name,
               "{}: tensor {} is not the next one", state.path, name);
  COHORT_CHECK(data.size() <= state.size(state.current) - state.written,
               "{}: {} bytes are too many for tensor {}", state.path, data.size(), name);
  posix_file::write_all(state.fd, state.part, data.data(), data.size());
  state.written += data.size();
  state.skip_complete();
}

void GgufWriter::finish() {
  State& state = *state_;
  COHORT_CHECK(state.fd >= 0 && state.current == state.tensors.size(),
               "{}: not all tensors are written", state.path);
  if (::fsync(state.fd) != 0) posix_file::fail(state.part, "fsync");
  ::close(state.fd);
  state.fd = -1;
  commit_rename(state.part, state.path);
}

}  // namespace cohort
