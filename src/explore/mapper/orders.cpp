#include "explore/mapper/orders.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace millrace::mapper {

using cost::Loop;

Orders::Orders(std::vector<std::uint32_t> values) : value_(std::move(values)), next_(value_.size(), kNone) {
    std::sort(value_.begin(), value_.end(), std::greater<>());
    for (std::size_t k = 0; k + 1 < value_.size(); ++k) next_[k] = k + 1;
    if (value_.empty()) return;
    head_ = 0;
    i_ = value_.size() > 1 ? value_.size() - 2 : 0;
    j_ = value_.size() - 1;
}

void Orders::current(std::vector<std::uint32_t>& order) const {
    order.clear();
    for (std::size_t k = head_; k != kNone; k = next_[k]) order.push_back(value_[k]);
}

bool Orders::next() {
    if (value_.size() < 2) return false;
    if (next_[j_] == kNone && value_[j_] >= value_[head_]) return false;
    const std::size_t s = next_[j_] != kNone && value_[i_] >= value_[next_[j_]] ? j_ : i_;
    const std::size_t t = next_[s];
    next_[s] = next_[t];
    next_[t] = head_;
    if (value_[t] < value_[head_]) i_ = t;
    j_ = next_[i_];
    head_ = t;
    return true;
}

std::int64_t orderCount(const std::vector<Loop>& loops) {
    // n! / prod(m!) as a product of binomials, each step exact.
    constexpr std::int64_t most = std::int64_t{1} << 62;
    std::vector<Loop> rest = loops;
    std::int64_t result = 1;
    std::int64_t placed = 0;
    while (!rest.empty()) {
        const Loop kind = rest.back();
        const auto equal = static_cast<std::int64_t>(std::erase(rest, kind));
        for (std::int64_t i = 1; i <= equal; ++i) {
            ++placed;
            if (result > most / placed) return most;
            result = result * placed / i;
        }
    }
    return result;
}

namespace {

/// What a user's order says about a layer. Loops that the layer lacks and loops of size 1 are left out.
struct Wish {
    cost::DimIndex dim = 0;
    std::optional<std::int64_t> size;
};

std::vector<Wish> wishes(const cost::Nest& nest, const std::vector<mapping::TemporalLoop>& temporal) {
    std::vector<Wish> result;
    for (const mapping::TemporalLoop& loop : temporal) {
        const auto dim = nest.dim(loop.dim);
        if (dim && loop.size != 1) result.push_back({*dim, loop.size});
    }
    return result;
}

/// Does it name every loop with every factor?
bool isComplete(const std::vector<Wish>& order, const std::vector<std::int64_t>& sizes) {
    std::vector<std::int64_t> product(sizes.size(), 1);
    for (const Wish& wish : order) {
        if (!wish.size || *wish.size < 1 || product[wish.dim] > cost::kMaxMacs / *wish.size) return false;
        product[wish.dim] *= *wish.size;
    }
    return product == sizes;
}

/// Different loops, ascending in (name, factor): the order of ZigZag's permutations.
std::vector<Loop> kindsOf(const cost::Nest& nest, std::vector<Loop> loops) {
    std::sort(loops.begin(), loops.end(), [&](const Loop& a, const Loop& b) {
        const std::string& nameA = nest.dims[a.dim].name;
        const std::string& nameB = nest.dims[b.dim].name;
        return nameA != nameB ? nameA < nameB : a.factor < b.factor;
    });
    loops.erase(std::unique(loops.begin(), loops.end()), loops.end());
    return loops;
}

/// Takes the loops of given sizes out of what is left of the layer's.
bool takeGiven(const cost::Nest& nest, const std::vector<Wish>& order, std::vector<std::int64_t>& left,
               std::vector<Loop>& given, Diagnostics& diagnostics) {
    for (const Wish& wish : order) {
        if (!wish.size) continue;
        if (*wish.size < 1 || left[wish.dim] % *wish.size != 0) {
            diagnostics.error({},
                              fmt::format("layer '{}': the temporal order wants a loop {} of {}, but {} is left of it "
                                          "after the spatial mapping",
                                          nest.name, nest.dims[wish.dim].name, *wish.size, left[wish.dim]),
                              "sizes must divide what the array leaves of a loop");
            return false;
        }
        left[wish.dim] /= *wish.size;
        given.push_back({wish.dim, *wish.size});
    }
    return true;
}

/// All loops that are ordered: the given ones, and the factors of the rest.
std::vector<Loop> withFactors(const std::vector<std::int64_t>& left, const std::vector<Loop>& given, int limit) {
    std::vector<Loop> loops;
    const bool nothing = std::all_of(left.begin(), left.end(), [](std::int64_t size) { return size == 1; });
    if (!nothing || given.empty()) loops = loopFactors(left, std::max(1, limit - static_cast<int>(given.size())));
    loops.insert(loops.end(), given.begin(), given.end());
    return loops;
}

/// Can the wishes come true, each at its place, with these loops?
bool canHold(const std::vector<Wish>& order, std::vector<Loop> loops) {
    if (order.size() > loops.size()) return false;
    const auto take = [&](const auto& suits) {
        const auto at = std::find_if(loops.begin(), loops.end(), suits);
        if (at == loops.end()) return false;
        loops.erase(at);
        return true;
    };
    const auto sized = [&](const Wish& wish) {
        return !wish.size || take([&](const Loop& loop) { return loop == Loop{wish.dim, *wish.size}; });
    };
    const auto open = [&](const Wish& wish) {
        return wish.size || take([&](const Loop& loop) { return loop.dim == wish.dim; });
    };
    return std::all_of(order.begin(), order.end(), sized) && std::all_of(order.begin(), order.end(), open);
}

bool multiplyTo(const std::vector<Loop>& loops, const std::vector<std::int64_t>& sizes) {
    std::vector<std::int64_t> product(sizes.size(), 1);
    for (const Loop& loop : loops) {
        if (product[loop.dim] > cost::kMaxMacs / loop.factor) return false;
        product[loop.dim] *= loop.factor;
    }
    return product == sizes;
}

/// The loops that are ordered under wishes: ZigZag's where it has an answer, else the given ones and the factors of
/// what they leave.
std::optional<std::vector<Loop>> loopsFor(const cost::Nest& nest, const std::vector<Wish>& order,
                                          const std::vector<std::int64_t>& sizes, int limit, Diagnostics& diagnostics) {
    std::vector<std::int64_t> left = sizes;
    std::vector<Loop> given;
    if (!takeGiven(nest, order, left, given, diagnostics)) return std::nullopt;
    auto loops = loopFactors(sizes, given, limit);
    if (loops && canHold(order, *loops)) {
        if (!multiplyTo(*loops, sizes)) {
            diagnostics.warning({},
                                fmt::format("layer '{}': ZigZag takes sizes of the temporal order wrongly out of the "
                                            "loops, and orders loops that do more than the layer's work",
                                            nest.name),
                                "give sizes that are prime numbers, or the order in full");
        }
        return loops;
    }
    loops = withFactors(left, given, limit);
    if (canHold(order, *loops)) return loops;
    std::string have;
    for (const Loop& loop : *loops) have += fmt::format(" {} {}", nest.dims[loop.dim].name, loop.factor);
    diagnostics.error(
        {},
        fmt::format(
            "layer '{}': the temporal order names {} loops, which cannot all be among the {} that the layer has "
            "after the spatial mapping:{}",
            nest.name, order.size(), loops->size(), have),
        "raise --lpf-limit, or name fewer loops");
    return std::nullopt;
}

}  // namespace

std::optional<OrderSource> OrderSource::make(const cost::Nest& nest, const std::vector<std::int64_t>& sizes,
                                             const std::vector<mapping::TemporalLoop>& temporal, int limit,
                                             Diagnostics& diagnostics) {
    OrderSource source;
    const std::vector<Wish> order = wishes(nest, temporal);
    source.complete_ = isComplete(order, sizes);
    if (source.complete_) {
        for (const Wish& wish : order) source.loops_.push_back({wish.dim, *wish.size});
    } else {
        for (std::size_t i = 0; i < order.size(); ++i)
            source.pins_.push_back({i, order[i].dim, order[i].size.value_or(0)});
        auto loops = loopsFor(nest, order, sizes, limit, diagnostics);
        if (!loops) return std::nullopt;
        source.loops_ = std::move(*loops);
    }
    const bool tooMany = !source.complete_ && orderCount(source.loops_) > (std::int64_t{1} << 31);
    if (source.loops_.size() > cost::kMaxLoops || tooMany) {
        diagnostics.error(
            {}, fmt::format("layer '{}': {} loops have too many orders to try", nest.name, source.loops_.size()),
            "lower --lpf-limit, or give the temporal order");
        return std::nullopt;
    }
    source.kinds_ = kindsOf(nest, source.loops_);
    return source;
}

bool OrderSource::pinned(const std::vector<std::uint32_t>& order) const {
    return std::all_of(pins_.begin(), pins_.end(), [&](const Pin& pin) {
        const Loop& loop = kinds_[order[pin.position]];
        return loop.dim == pin.dim && (pin.factor == 0 || loop.factor == pin.factor);
    });
}

void OrderSource::forEach(const std::function<bool(const std::vector<std::uint32_t>& kinds)>& visit) const {
    std::vector<std::uint32_t> order;
    for (const Loop& loop : loops_) {
        order.push_back(static_cast<std::uint32_t>(std::find(kinds_.begin(), kinds_.end(), loop) - kinds_.begin()));
    }
    if (complete_) {
        visit(order);
        return;
    }
    Orders orders(order);
    do {
        orders.current(order);
        if (pinned(order) && !visit(order)) return;
    } while (orders.next());
}

}  // namespace millrace::mapper
