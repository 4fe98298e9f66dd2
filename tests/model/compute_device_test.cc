#include "model/compute_device.h"

#include <gtest/gtest.h>

#include "core/base/error.h"
#include "kernels/device/library.h"

namespace cohort {
namespace {

class ComputeDevice : public testing::Test {
 protected:
  void TearDown() override { choose_device("cpu"); }
};

TEST_F(ComputeDevice, CpuIsTheCpuAndAutoWorksEverywhere) {
  choose_device("cpu");
  EXPECT_TRUE(compute_device().is_cpu());
  choose_device("auto");
  EXPECT_EQ(compute_device().is_cuda(), kernels::device::library().ops != nullptr);
}

TEST_F(ComputeDevice, CudaIsAGpuOrOneLineThatSaysWhatIsMissing) {
  if (kernels::device::library().ops != nullptr) {
    choose_device("cuda");
    EXPECT_TRUE(compute_device().is_cuda());
    return;
  }
  try {
    choose_device("cuda");
    FAIL() << "no error";
  } catch (const ConfigError& e) {
    const std::string text = e.what();
    EXPECT_TRUE(text.starts_with("run.device = cuda: ")) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    EXPECT_TRUE(text.find("libcohort_cuda.so is not there") != std::string::npos ||
                text.find("no NVIDIA driver") != std::string::npos ||
                text.find("CUDA libraries are not installed") != std::string::npos ||
                text.find("finds no GPU") != std::string::npos)
        << text;
  }
  EXPECT_TRUE(compute_device().is_cpu());
}

}  // namespace
}  // namespace cohort
