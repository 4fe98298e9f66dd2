// Inside core/io only: what every use of the HDF5 C library needs. Identifiers are the library's
// hid_t.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace cohort {

// Held during every call into the library, one holder a process. Fair: a thread that takes it again
// and again lets the others in between. The library's own printing of errors is off under it.
class Hdf5Lock {
 public:
  Hdf5Lock();
  ~Hdf5Lock();
  Hdf5Lock(const Hdf5Lock&) = delete;
  Hdf5Lock& operator=(const Hdf5Lock&) = delete;
};

// An identifier and the function that closes it. The lock is held by the caller.
class Hdf5Handle {
 public:
  using Close = int (*)(int64_t);
  Hdf5Handle() = default;
  Hdf5Handle(int64_t id, Close close) : id_(id), close_(close) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept { swap(other); }
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Hdf5Handle() { close(); }
  bool close() { return id_ < 0 || close_(std::exchange(id_, -1)) >= 0; }
  void release() { id_ = -1; }
  operator int64_t() const { return id_; }  // negative: the call that made it failed

 private:
  void swap(Hdf5Handle& other) {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
  }
  int64_t id_ = -1;
  Close close_ = nullptr;
};

// The innermost message of the library's error stack; of a failed system call the system's words.
std::string hdf5_message();

// The type of T in files: little-endian.
template <class T>
int64_t hdf5_type();
// UTF-8 of variable length, as h5py writes str.
Hdf5Handle hdf5_string_type();
// "f32", "i64", "string", ... for messages.
std::string hdf5_type_name(int64_t type);

}  // namespace cohort
