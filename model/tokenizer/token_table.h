// Strings to numbers, read much more often than written: open addressing over one block of text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cohort {

class TokenTable {
 public:
  // False, and nothing is changed, when `text` is there.
  bool insert(std::string_view text, int32_t value);
  int32_t find(std::string_view text) const;  // -1 when missing

  size_t size() const { return entries_.size(); }
  // In the order of insertion: visit(text, value), and value = change(value).
  template <class Visit>
  void for_each(const Visit& visit) const {
    for (const Entry& entry : entries_) visit(text_of(entry), entry.value);
  }

  template <class Change>
  void update(Change change) {
    for (Entry& entry : entries_) entry.value = change(entry.value);
  }

 private:
  struct Entry {
    uint64_t offset;
    uint32_t length;
    int32_t value;
  };
  struct Slot {
    uint32_t hash;
    uint32_t entry;  // from 1; 0: free
  };
  std::string_view text_of(const Entry& entry) const {
    return {text_.data() + entry.offset, entry.length};
  }
  size_t slot_of(std::string_view text, uint64_t hash) const;  // its own, or the free one for it
  void grow();

  std::string text_;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_ = std::vector<Slot>(16);  // a power of two, at most half full
};

}  // namespace cohort
