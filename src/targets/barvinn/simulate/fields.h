#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "support/diagnostics.h"

/// Typed fields of a JSON object, with an error for each that is not as it should be.
namespace millrace::targets::barvinn {

class Fields {
public:
    using Json = nlohmann::json;

    Fields(SourceLocation where, Diagnostics& diagnostics)
        : where_(std::move(where)), diagnostics_(diagnostics), before_(diagnostics.failures()) {}

    bool failed() const { return diagnostics_.failures() != before_; }
    void error(const std::string& field, const std::string& why) {
        if (errors_++ < kMostErrors) diagnostics_.error(where_, "field '" + field + "': " + why);
    }

    /// The value, or null with an error.
    const Json& member(const Json& object, const std::string& name);
    /// The array of at most `most` elements, or an empty one with an error. `exactly` >= 0: of so many.
    const Json& list(const Json& value, const std::string& name, std::size_t most, int exactly = -1);
    const Json& listMember(const Json& object, const std::string& name, std::size_t most);
    std::int64_t integer(const Json& value, const std::string& name, std::int64_t low, std::int64_t high);
    std::int64_t integerMember(const Json& object, const std::string& name, std::int64_t low, std::int64_t high) {
        return integer(member(object, name), name, low, high);
    }
    std::string text(const Json& object, const std::string& name);
    /// A number written as exactly `digits` hexadecimal digits.
    std::uint64_t hex(const Json& value, const std::string& name, std::size_t digits);

private:
    static constexpr int kMostErrors = 10;
    SourceLocation where_;
    Diagnostics& diagnostics_;
    std::size_t before_;
    int errors_ = 0;
};

}  // namespace millrace::targets::barvinn
