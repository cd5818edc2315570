#include "schedule/boxindex.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "oracle.h"
#include "schedule/validity.h"
#include "shared.h"
#include "support/rng.h"

namespace millrace::test {
namespace {

using namespace schedule;

Interval randomSide(Rng& rng, std::int64_t most, bool mayBeEmpty) {
    const std::int64_t begin = rng.between(0, most - 1);
    return {begin, rng.between(begin + (mayBeEmpty ? 0 : 1), most)};
}

/// Some axes are the same for all boxes of a set.
struct RandomBoxes {
    std::vector<Box> boxes;
    Boxes set{0};
    std::size_t rank;

    RandomBoxes(Rng& rng, std::int64_t most) : rank(rng.below(5)) {
        set = Boxes(rank);
        Box same;
        std::vector<bool> differs;
        for (std::size_t i = 0; i < rank; ++i) {
            same.push_back(randomSide(rng, 6, false));
            differs.push_back(rng.below(3) != 0);
        }
        for (std::int64_t count = rng.between(0, most); count > 0; --count) {
            Box box = same;
            for (std::size_t i = 0; i < rank; ++i) {
                if (differs[i]) box[i] = randomSide(rng, 6, true);
            }
            boxes.push_back(box);
            set.add(box);
        }
    }
};

TEST(BoxIndex, FindsWhatALookAtEveryBoxFinds) {
    Rng rng(5);
    for (std::int64_t cases = count(100000); cases > 0; --cases) {
        const RandomBoxes given(rng, 60);
        const BoxIndex index(given.set);
        ASSERT_EQ(index.size(), given.boxes.size());
        for (int i = 0; i < 5; ++i) {
            Box box;
            for (std::size_t axis = 0; axis < given.rank; ++axis) box.push_back(randomSide(rng, 6, true));
            std::vector<std::uint32_t> found;
            index.meeting(box, found);
            std::vector<std::size_t> numbers;
            for (const std::uint32_t at : found) {
                numbers.push_back(index.number(at));
                const Box& same = given.boxes[index.number(at)];
                ASSERT_TRUE(std::equal(same.begin(), same.end(), index[at].begin(), index[at].end()));
            }
            std::sort(numbers.begin(), numbers.end());
            std::vector<std::size_t> expected;
            for (std::size_t number = 0; number < given.boxes.size(); ++number) {
                bool meets = true;
                for (std::size_t axis = 0; axis < given.rank; ++axis) {
                    const Interval& side = given.boxes[number][axis];
                    meets = meets && side.begin < box[axis].end && box[axis].begin < side.end;
                }
                if (meets) expected.push_back(number);
            }
            ASSERT_EQ(numbers, expected);
        }
    }
}

TEST(GapFinder, FindsAGapWhereAnElementIsNotCovered) {
    Rng rng(6);
    GapFinder finder;
    std::int64_t covered = 0;
    std::int64_t gaps = 0;
    for (std::int64_t cases = count(200000); cases > 0; --cases) {
        const RandomBoxes given(rng, 12);
        Box box;
        for (std::size_t axis = 0; axis < given.rank; ++axis) box.push_back(randomSide(rng, 6, true));
        const std::vector<BoxView> covers(given.boxes.begin(), given.boxes.end());
        const auto isCovered = [&](const Element& element) {
            return std::any_of(given.boxes.begin(), given.boxes.end(), [&](const Box& cover) {
                for (std::size_t axis = 0; axis < cover.size(); ++axis) {
                    if (element[axis] < cover[axis].begin || element[axis] >= cover[axis].end) return false;
                }
                return true;
            });
        };
        const std::vector<Element> all = elements(box);
        const auto gap = finder.uncovered(box, covers);
        ASSERT_EQ(!gap, std::all_of(all.begin(), all.end(), isCovered));
        ++(gap ? gaps : covered);
        if (!gap) continue;
        ASSERT_TRUE(contains(box, *gap));
        const std::vector<Element> open = elements(*gap);
        ASSERT_FALSE(open.empty());
        ASSERT_TRUE(std::none_of(open.begin(), open.end(), isCovered));
    }
    EXPECT_GT(covered, 100);
    EXPECT_GT(gaps, 100);
}

/// Few large buffers with many writes, so that there are more parts than are looked at one by one.
TEST(Validity, IsWhatEachWriteLeavesInEachBuffer) {
    Rng rng(7);
    for (std::int64_t cases = count(20000); cases > 0; --cases) {
        Boxes rooms(2);
        std::vector<std::pair<Interval, Span>> buffers;
        for (std::int64_t i = rng.between(1, 4); i > 0; --i) {
            const Interval side = randomSide(rng, 20, false);
            const Interval time = randomSide(rng, 40, false);
            buffers.push_back({side, {Cycles(time.begin), Cycles(time.end)}});
            rooms.add(Box{side}, buffers.back().second);
        }
        Validity validity(std::move(rooms));
        std::vector<Box> expected;
        for (std::int64_t i = rng.between(0, 80); i > 0; --i) {
            const Box box{randomSide(rng, 20, true)};
            const std::int64_t start = rng.between(0, 30);
            const Span span{Cycles(start), Cycles(start + rng.between(0, 3))};
            std::vector<BoxView> covers;
            validity.write(box, span, covers);
            std::size_t lasting = 0;
            for (const auto& [side, time] : buffers) {
                if (time.start > span.start || time.end < span.end || !overlaps(box, {side})) continue;
                ++lasting;
                expected.push_back(intersect(box, {side}));
                expected.back().push_back({span.end.value(), time.end.value()});
            }
            ASSERT_EQ(covers.size(), lasting);
        }
        validity.settle();
        for (int i = 0; i < 5; ++i) {
            const Box asked{randomSide(rng, 20, false), randomSide(rng, 40, false)};
            std::vector<BoxView> views;
            validity.meeting(asked, views);
            std::vector<Box> found;
            for (const BoxView view : views) found.push_back(Box(view.begin(), view.end()));
            std::vector<Box> meeting;
            for (const Box& box : expected) {
                if (meet(box, asked)) meeting.push_back(box);
            }
            std::sort(found.begin(), found.end());
            std::sort(meeting.begin(), meeting.end());
            ASSERT_EQ(found, meeting);
        }
    }
}

}  // namespace
}  // namespace millrace::test
