#include "explore/mapper/exact/labels.h"

#include <algorithm>

namespace millrace::mapper::exact {

std::uint32_t Interned::id(std::vector<std::int64_t> sequence) {
    const auto [at, added] = ids_.try_emplace(std::move(sequence), static_cast<std::uint32_t>(sequences_.size()));
    if (added) sequences_.push_back(&at->first);
    return at->second;
}

Labels::Labels(const Space& space)
    : measures_(space.measures()),
      nodes_(space.machine().nodes.size()),
      stride_(measures_ + nodes_ + cost::kMaxOperands),
      ports_(space.ports().size()) {}

std::size_t Labels::append(std::int64_t from) {
    const std::size_t at = labels_.size();
    numbers_.resize((at + 1) * stride_, 0.0);
    windows_.resize((at + 1) * ports_, 0);
    if (from < 0) {
        labels_.emplace_back();
        return at;
    }
    const auto source = static_cast<std::size_t>(from);
    labels_.push_back(labels_[source]);
    std::copy_n(sums(source), stride_, sums(at));
    std::copy_n(windows(source), ports_, windows(at));
    return at;
}

void Labels::removeLast() {
    labels_.pop_back();
    numbers_.resize(labels_.size() * stride_);
    windows_.resize(labels_.size() * ports_);
}

}  // namespace millrace::mapper::exact
