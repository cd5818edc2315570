#include <zlib.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "targets/barvinn/simulate/vectors.h"

namespace millrace::targets::barvinn {

namespace {

constexpr std::size_t kLongestLine = std::size_t{16} << 20;

/// Lines of a file that is packed with gzip, or is not.
class Lines {
public:
    Lines(const std::string& path, Diagnostics& diagnostics) : path_(path), diagnostics_(diagnostics) {
        file_.reset(gzopen(path.c_str(), "rb"));
        if (file_ == nullptr) {
            diagnostics_.error({path}, "cannot be opened", "check the path; it is relative to the working directory");
        }
    }

    /// False at the end of the file, or with an error.
    bool next(std::string& line) {
        line.clear();
        if (file_ == nullptr) return false;
        ++number_;
        char block[1 << 14];
        std::int64_t read = gztell(file_.get());
        while (gzgets(file_.get(), block, sizeof block) != nullptr) {
            const std::size_t length = std::char_traits<char>::length(block);
            const std::int64_t before = std::exchange(read, gztell(file_.get()));
            if (read - before != static_cast<std::int64_t>(length)) return fail("has a zero byte");
            line.append(block, length);
            if (line.back() == '\n') {
                line.pop_back();
                return true;
            }
            if (line.size() > kLongestLine) return fail("is longer than " + std::to_string(kLongestLine) + " bytes");
        }
        int code = 0;
        const char* const why = gzerror(file_.get(), &code);
        if (code != Z_OK && code != Z_STREAM_END) return fail(std::string("cannot be read: ") + why);
        return !line.empty();
    }
    SourceLocation where() const { return {path_, number_, 0}; }

private:
    struct Close {
        void operator()(gzFile_s* file) const { gzclose(file); }
    };
    bool fail(const std::string& why) {
        diagnostics_.error(where(), "this line " + why);
        return false;
    }

    const std::string& path_;
    Diagnostics& diagnostics_;
    std::unique_ptr<gzFile_s, Close> file_;
    int number_ = 0;
};

}  // namespace

std::optional<VectorReport> runVectors(const std::string& path, const VectorOptions& options,
                                       Diagnostics& diagnostics) {
    const std::size_t before = diagnostics.failures();
    VectorReport report;
    Lines lines(path, diagnostics);
    std::string line;
    while (lines.next(line)) {
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        const auto vector = parseVector(line, lines.where(), diagnostics);
        if (!vector) return std::nullopt;
        const auto found = difference(*vector, options, lines.where(), diagnostics);
        if (diagnostics.failures() != before) return std::nullopt;
        ++report.jobs;
        if (!found) ++report.equal;
        if (found && !report.first) report.first = {lines.where().line, vector->id, vector->kind, *found};
    }
    if (diagnostics.failures() == before && report.jobs == 0)
        diagnostics.error({path}, "has no records",
                          "give a file of vectors: a JSON object a line, packed with gzip or not");
    return diagnostics.failures() == before ? std::optional(report) : std::nullopt;
}

std::string VectorReport::json() const {
    nlohmann::ordered_json json;
    json["schema"] = "millrace.vectors/1";
    json["jobs"] = jobs;
    json["equal"] = equal;
    json["first_difference"] = nullptr;
    if (first) {
        json["first_difference"] = {
            {"line", first->line}, {"id", first->id}, {"kind", first->kind}, {"what", first->what}};
    }
    return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace millrace::targets::barvinn
