#include "schedule/validity.h"

namespace millrace::schedule {

static constexpr std::uint32_t kMany = 16;

Validity::Validity(Boxes rooms) : rooms_(std::move(rooms)), parts_(rooms_.rank()) {
    parts_.reserve(rooms_.size());
    roomOf_.reserve(rooms_.size());
}

BoxView Validity::extended(BoxView box, Span span) {
    extended_.assign(box.begin(), box.end());
    const std::int64_t margin = span.start == span.end ? 1 : 0;  // to meet also what ends or begins at that instant
    extended_.push_back({span.start.value() - margin, span.end.value() + margin});
    return extended_;
}

void Validity::write(BoxView box, Span span, std::vector<BoxView>& rooms) {
    rooms_.meeting(extended(box, span), near_);
    for (const std::uint32_t at : near_) {
        const BoxView room = rooms_[at];
        const Interval open = room.back();
        if (open.begin > span.start.value() || open.end < span.end.value()) continue;
        const BoxView where = room.first(box.size());
        if (!overlap(where, box)) continue;
        rooms.push_back(where);
        parts_.addCommon(where, box, {span.end, Cycles(open.end)});
        roomOf_.push_back(at);
    }
}

void Validity::settle() {
    first_.assign(rooms_.size() + 1, 0);
    for (const std::uint32_t room : roomOf_) ++first_[room + 1];
    for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
    order_.resize(roomOf_.size());
    std::vector<std::uint32_t> next = first_;
    for (std::uint32_t part = 0; part < order_.size(); ++part) order_[next[roomOf_[part]]++] = part;
    for (std::uint32_t room = 0; room + 1 < first_.size(); ++room) {
        if (first_[room + 1] - first_[room] <= kMany) continue;
        Boxes parts(parts_.rank());
        for (std::uint32_t at = first_[room]; at < first_[room + 1]; ++at) parts.add(part(at));
        crowded_.emplace(room, BoxIndex(std::move(parts)));
    }
}

void Validity::meeting(BoxView box, std::vector<BoxView>& found) {
    rooms_.meeting(box, near_);
    for (const std::uint32_t room : near_) {
        if (first_[room + 1] - first_[room] > kMany) {
            const BoxIndex& parts = crowded_.at(room);
            parts.meeting(box, inside_);
            for (const std::uint32_t at : inside_) found.push_back(parts[at]);
            continue;
        }
        for (std::uint32_t at = first_[room]; at < first_[room + 1]; ++at) {
            if (meet(part(at), box)) found.push_back(part(at));
        }
    }
}

}  // namespace millrace::schedule
