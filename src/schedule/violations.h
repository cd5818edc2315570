#pragma once
#include <cstddef>
#include <string>
#include <utility>

#include "support/diagnostics.h"

namespace millrace::schedule {

/// Counts violations and passes the first 100 on.
class Violations {
public:
    explicit Violations(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

    void add(std::string message, std::string hint = {}) {
        if (count_++ < kMost) diagnostics_.error({}, std::move(message), std::move(hint));
    }
    std::size_t count() const { return count_; }
    /// How many more would be passed on.
    std::size_t room() const { return count_ < kMost ? kMost - count_ : 0; }
    /// Says how many were left out, if any. True if there was none at all.
    bool finish(const std::string& what) {
        if (count_ > kMost) {
            diagnostics_.error({}, std::to_string(count_ - kMost) + " more violations in the " + what + " (" +
                                       std::to_string(count_) + " in all)");
        }
        return count_ == 0;
    }

private:
    static constexpr std::size_t kMost = 100;
    Diagnostics& diagnostics_;
    std::size_t count_ = 0;
};

}  // namespace millrace::schedule
