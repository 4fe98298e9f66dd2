// Short messages with descriptors, between the processes of one helper.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rewards/code/helper/system.h"

namespace cohort::judge {

struct Message {
  std::string text;
  std::vector<Descriptor> files;
};

struct MessageSockets {
  Descriptor ours, theirs;
};
MessageSockets make_message_sockets();

// False: the other side is gone.
bool send_message(int socket, const std::string& text, const std::vector<int>& files = {});
// None: the other side is gone, or says nothing for that long. -1: waits for ever.
std::optional<Message> receive_message(int socket, int milliseconds = -1);

}  // namespace cohort::judge
