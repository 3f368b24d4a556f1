#pragma once

namespace actord::net {

/// Tells the connection that there is something to send. Callable from any thread, also when the connection
/// is gone.
class output_signal {
public:
  virtual ~output_signal() = default;
  virtual void raise() = 0;
};

} // namespace actord::net
