#include "rewards/code/helper/messages.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace cohort::judge {
namespace {

constexpr size_t kMaxFiles = 16;
constexpr size_t kMaxText = 256;

bool readable(int fd, int milliseconds) {
  pollfd waiting{fd, POLLIN, 0};
  int ready = 0;
  while ((ready = poll(&waiting, 1, milliseconds)) < 0 && errno == EINTR) {
  }
  return ready > 0;
}

}  // namespace

MessageSockets make_message_sockets() {
  int ends[2];
  checked(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), "socketpair");
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

bool send_message(int socket, const std::string& text, const std::vector<int>& files) {
  COHORT_CHECK(files.size() <= kMaxFiles && !text.empty() && text.size() <= kMaxText, "{} files",
               files.size());
  iovec data{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxFiles)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!files.empty()) {
    const size_t size = files.size() * sizeof(int);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(size);
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(header), files.data(), size);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
}

std::optional<Message> receive_message(int socket, int milliseconds) {
  if (!readable(socket, milliseconds)) return {};
  char text[kMaxText];
  iovec data{text, sizeof text};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMaxFiles)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  Message result;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    int files[kMaxFiles];
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::memcpy(files, CMSG_DATA(header), count * sizeof(int));
    for (size_t i = 0; i < count; ++i) result.files.emplace_back(files[i]);
  }
  if (size <= 0) return {};
  result.text.assign(text, static_cast<size_t>(size));
  return result;
}

}  // namespace cohort::judge
