#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "explore/fusion/setup.h"

/// When data are needed next: what Belady's choice asks.
namespace millrace::fusion {

class NextUse {
public:
    explicit NextUse(const Setup& setup);

    /// The first tile in the order (of all works, numbered through) that is still to come and reads some of these cells
    /// at this site, or at any site; nothing if none does. `positions`: the place of each tile in the order (empty: its
    /// number). `done`: by work and part, how many steps are over. Where an axis depends on several cuts the answer may
    /// be too early.
    std::optional<std::uint32_t> tile(workload::TensorId tensor, const tiling::CellBox& box, Site site, bool anySite,
                                      const std::vector<std::vector<std::uint32_t>>& done,
                                      const std::vector<std::uint32_t>& positions) const;

private:
    /// The range of coordinates of a slot whose tiles use a cell of an axis.
    struct Users {
        std::uint32_t axis = 0;
        std::uint32_t slot = 0;
        std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;  ///< by cell: first and last coordinate
    };
    struct Reader {
        WorkId work;
        std::size_t input = 0;
        std::vector<Users> users;
    };
    Reader readerOf(WorkId work, const tiling::TensorAccess& access) const;
    std::uint32_t nextStep(const Reader& reader, const tiling::CellBox& box, std::uint32_t part,
                           std::uint32_t from) const;

    const Setup& setup_;
    Table<workload::TensorId, std::vector<Reader>> readers_;
};

}  // namespace millrace::fusion
