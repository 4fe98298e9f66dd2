#include "core/io/hdf5_library.h"

#include <fmt/format.h>
#include <hdf5.h>

#include <condition_variable>
#include <mutex>
#include <string_view>
#include <type_traits>

namespace cohort {

static_assert(std::is_same_v<hid_t, int64_t> && std::is_same_v<herr_t, int>);

namespace {

// Tickets in order of arrival.
struct Queue {
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t next_ticket = 0;
  uint64_t serving = 0;
};

Queue& queue() {
  static Queue instance;
  return instance;
}

}  // namespace

Hdf5Lock::Hdf5Lock() {
  Queue& q = queue();
  {
    std::unique_lock lock(q.mutex);
    const uint64_t ticket = q.next_ticket++;
    q.changed.wait(lock, [&] { return q.serving == ticket; });
  }
  // Files are closed by their objects. The library's own clean-up at exit crashes on a file that
  // met a full disk.
  [[maybe_unused]] static const herr_t once = H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // a setting of each thread
}

Hdf5Lock::~Hdf5Lock() {
  Queue& q = queue();
  {
    const std::scoped_lock lock(q.mutex);
    ++q.serving;
  }
  q.changed.notify_all();
}

std::string hdf5_message() {
  std::string message;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_UPWARD,
      [](unsigned depth, const H5E_error2_t* error, void* out) -> herr_t {
        if (depth == 0 && error->desc) *static_cast<std::string*>(out) = error->desc;
        return 0;
      },
      &message);
  constexpr std::string_view kSystem = "error message = '";
  if (const size_t start = message.find(kSystem); start != std::string::npos) {
    message.erase(0, start + kSystem.size());
    if (const size_t end = message.find('\''); end != std::string::npos) message.erase(end);
  }
  return message.empty() ? "unknown HDF5 error" : message;
}

template <>
int64_t hdf5_type<float>() {
  return H5T_IEEE_F32LE;
}
template <>
int64_t hdf5_type<double>() {
  return H5T_IEEE_F64LE;
}
template <>
int64_t hdf5_type<int64_t>() {
  return H5T_STD_I64LE;
}
template <>
int64_t hdf5_type<int32_t>() {
  return H5T_STD_I32LE;
}
template <>
int64_t hdf5_type<uint8_t>() {
  return H5T_STD_U8LE;
}
template <>
int64_t hdf5_type<uint16_t>() {
  return H5T_STD_U16LE;
}

Hdf5Handle hdf5_string_type() {
  Hdf5Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  H5Tset_size(type, H5T_VARIABLE);
  H5Tset_cset(type, H5T_CSET_UTF8);
  return type;
}

std::string hdf5_type_name(int64_t type) {
  const H5T_class_t kind = H5Tget_class(type);
  if (kind == H5T_STRING) return "string";
  const size_t bits = 8 * H5Tget_size(type);
  if (kind == H5T_FLOAT) return fmt::format("f{}", bits);
  if (kind == H5T_INTEGER)
    return fmt::format("{}{}", H5Tget_sign(type) == H5T_SGN_NONE ? 'u' : 'i', bits);
  return "another type";
}

}  // namespace cohort
