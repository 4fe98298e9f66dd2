#include "model/tokenizer/token_table.h"

#include <cstring>

namespace cohort {
namespace {

uint64_t load(const char* from, size_t size) {
  uint64_t value = 0;
  std::memcpy(&value, from, size);
  return value;
}

uint64_t mixed(uint64_t value) {
  value *= 0x9E3779B97F4A7C15u;
  return value ^ value >> 29;
}

// Words of eight bytes, the last of which may overlap the one before.
uint64_t hash_of(std::string_view text) {
  const size_t size = text.size();
  const char* data = text.data();
  uint64_t hash = size * 0xD6E8FEB86659FD93u;
  if (size >= 8) {
    for (size_t i = 0; i + 8 < size; i += 8) hash = mixed(hash ^ load(data + i, 8));
    hash ^= load(data + size - 8, 8);
  } else if (size >= 4) {
    hash ^= load(data, 4) << 32 | load(data + size - 4, 4);
  } else if (size > 0) {
    hash ^= load(data, 1) << 16 | load(data + size / 2, 1) << 8 | load(data + size - 1, 1);
  }
  return mixed(mixed(hash));
}

}  // namespace

size_t TokenTable::slot_of(std::string_view text, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  for (size_t i = hash & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.entry == 0) return i;
    if (slot.hash == static_cast<uint32_t>(hash >> 32) && text_of(entries_[slot.entry - 1]) == text)
      return i;
  }
}

bool TokenTable::insert(std::string_view text, int32_t value) {
  if (2 * (entries_.size() + 1) > slots_.size()) grow();
  const uint64_t hash = hash_of(text);
  Slot& slot = slots_[slot_of(text, hash)];
  if (slot.entry != 0) return false;
  entries_.push_back({text_.size(), static_cast<uint32_t>(text.size()), value});
  text_ += text;
  slot = {static_cast<uint32_t>(hash >> 32), static_cast<uint32_t>(entries_.size())};
  return true;
}

void TokenTable::grow() {
  slots_.assign(2 * slots_.size(), Slot{});
  for (size_t i = 0; i < entries_.size(); ++i) {
    const uint64_t hash = hash_of(text_of(entries_[i]));
    slots_[slot_of(text_of(entries_[i]), hash)] = {static_cast<uint32_t>(hash >> 32),
                                                   static_cast<uint32_t>(i + 1)};
  }
}

int32_t TokenTable::find(std::string_view text) const {
  const Slot& slot = slots_[slot_of(text, hash_of(text))];
  return slot.entry == 0 ? -1 : entries_[slot.entry - 1].value;
}

}  // namespace cohort
