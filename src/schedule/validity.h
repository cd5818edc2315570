#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "schedule/boxindex.h"

namespace millrace::schedule {

/// Where and when the data of one tensor are valid in one memory. Boxes have time as the last axis, except those that
/// are written. First all writes, then `settle`, then questions.
class Validity {
public:
    /// `rooms`: the buffers.
    explicit Validity(Boxes rooms);

    /// What is written over this span is valid from its end on in each buffer that lasts over all of the span. Adds the
    /// boxes of those to `rooms`, without time.
    void write(BoxView box, Span span, std::vector<BoxView>& rooms);
    void settle();
    /// A box with time as the last axis, so that it meets what is there at some time of the span; holds until the next
    /// call.
    BoxView extended(BoxView box, Span span);
    /// Adds what is valid and meets `box` (as in `BoxIndex`) to `found`.
    void meeting(BoxView box, std::vector<BoxView>& found);

private:
    BoxView part(std::size_t at) const { return parts_[order_[at]]; }

    BoxIndex rooms_;
    Boxes parts_;                                ///< what is valid
    std::vector<std::uint32_t> roomOf_;          ///< by part: where its buffer stands in `rooms_`
    std::vector<std::uint32_t> first_;           ///< by buffer, as it stands in `rooms_`: its first part in `order_`
    std::vector<std::uint32_t> order_;           ///< parts by buffer
    std::map<std::uint32_t, BoxIndex> crowded_;  ///< buffers with many parts
    std::vector<std::uint32_t> near_;
    std::vector<std::uint32_t> inside_;
    Box extended_;
};

}  // namespace millrace::schedule
