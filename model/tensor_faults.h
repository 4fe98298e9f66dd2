// What does not fit between a model and the tensors of a file, as one line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cohort {

class TensorFaults {
 public:
  void missing(const std::string& name) { missing_.push_back(name); }
  void misshapen(const std::string& name, const std::vector<int64_t>& found,
                 const std::vector<int64_t>& expected);
  void surplus(const std::string& name) { surplus_.push_back(name); }
  // InputError "PLACE: tensors do not fit ..." when there is any; `shape_source` says what told the
  // shapes ("config.json").
  void throw_if_any(const std::string& place, const std::string& shape_source) const;

 private:
  std::vector<std::string> missing_, misshapen_, surplus_;
};

}  // namespace cohort
