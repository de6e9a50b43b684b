// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/grids/channel/channel.hpp>

namespace kramers::grids {

std::unique_ptr<AnyChannel> make_channel(std::string const& space, std::string const& precision,
                                         ChannelParams const& params, Communicator const& comm) {
  return for_space(space, [&]<class Space>(Space const& exec) {
    return for_precision(precision, [&]<class T>(T) -> std::unique_ptr<AnyChannel> {
      return std::make_unique<Channel<Space, T>>(exec, params, comm);
    });
  });
}

}  // namespace kramers::grids
