#pragma once
#include <string>
#include <vector>

#include "report/bars.h"
#include "report/report.h"
#include "report/statistics.h"

namespace millrace::report {

/// One row of the schedule chart.
struct Row {
    enum class Kind { layers, core, link };
    Kind kind = Kind::core;
    std::size_t index = 0;  ///< lane of layers, core or link
    std::string name;
    std::string note;
};

/// What stands in the rows of the schedule chart: which layer is at work (where at most four overlap), every core, and
/// each link that was used, those of the off-chip memory first. Of more than 24 rows, idle cores are left out; of more
/// than 300, the last ones.
class Rows {
public:
    Rows(const Result& result, const DrawOptions& options);

    const std::vector<Row>& all() const { return rows_; }
    std::size_t count(Row::Kind kind) const;
    /// Idle cores that have no row.
    std::size_t idle() const { return idle_; }
    /// Other rows that were left out.
    std::size_t hidden() const { return hidden_; }
    void paint(RowPainter& painter, const Row& row) const;

private:
    void addLayers();
    void addCores(const DrawOptions& options);
    void addLinks();
    void dropRows();
    void paintLayers(RowPainter& painter, std::size_t lane) const;
    void paintTasks(RowPainter& painter, std::size_t core) const;
    void paintTransfers(RowPainter& painter, std::size_t link) const;

    const Result& result_;
    const Statistics sums_;
    const Owners owners_;
    std::vector<Row> rows_;
    std::size_t idle_ = 0;
    std::size_t hidden_ = 0;
    std::vector<std::size_t> laneOfLayer_;
    std::vector<std::vector<schedule::TaskId>> tasks_;
    std::vector<std::vector<schedule::TransferId>> transfers_;
};

}  // namespace millrace::report
