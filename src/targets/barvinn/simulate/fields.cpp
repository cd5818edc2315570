#include "targets/barvinn/simulate/fields.h"

#include <algorithm>
#include <charconv>

namespace millrace::targets::barvinn {

namespace {

const Fields::Json kNothing;
const Fields::Json kEmptyList = Fields::Json::array();

std::string shown(const Fields::Json& value) {
    if (value.is_null()) return "null";
    if (value.is_string()) return "a text";
    if (value.is_object() || value.is_array()) return value.is_object() ? "an object" : "a list";
    return value.dump(-1, ' ', true, Fields::Json::error_handler_t::replace);
}

}  // namespace

const Fields::Json& Fields::member(const Json& object, const std::string& name) {
    if (!object.is_object()) {
        error(name, "stands in no object but in " + shown(object));
        return kNothing;
    }
    const auto found = object.find(name);
    if (found != object.end()) return *found;
    error(name, "is missing");
    return kNothing;
}

const Fields::Json& Fields::list(const Json& value, const std::string& name, std::size_t most, int exactly) {
    if (!value.is_array()) {
        error(name, "must be a list, not " + shown(value));
        return kEmptyList;
    }
    if (exactly >= 0 && value.size() != static_cast<std::size_t>(exactly)) {
        error(name, "has " + std::to_string(value.size()) + " entries instead of " + std::to_string(exactly));
        return kEmptyList;
    }
    if (value.size() > most) {
        error(name, "has " + std::to_string(value.size()) + " entries, more than " + std::to_string(most));
        return kEmptyList;
    }
    return value;
}

const Fields::Json& Fields::listMember(const Json& object, const std::string& name, std::size_t most) {
    const Json& value = member(object, name);
    return value.is_null() && failed() ? kEmptyList : list(value, name, most);
}

std::int64_t Fields::integer(const Json& value, const std::string& name, std::int64_t low, std::int64_t high) {
    const bool whole = value.is_number_integer();
    const bool huge = value.is_number_unsigned() && value.get<std::uint64_t>() > std::uint64_t{1} << 62;
    if (whole && !huge) {
        const auto number = value.get<std::int64_t>();
        if (number >= low && number <= high) return number;
    }
    if (!value.is_null() || !failed())
        error(name, "must be a whole number from " + std::to_string(low) + " to " + std::to_string(high) + ", not " +
                        shown(value));
    return low;
}

std::string Fields::text(const Json& object, const std::string& name) {
    const Json& value = member(object, name);
    if (value.is_string()) return value.get<std::string>();
    error(name, "must be a text, not " + shown(value));
    return {};
}

std::uint64_t Fields::hex(const Json& value, const std::string& name, std::size_t digits) {
    std::uint64_t number = 0;
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        const char* const end = text.data() + text.size();
        const auto [stop, problem] = std::from_chars(text.data(), end, number, 16);
        const bool sign = text.starts_with('-');
        if (text.size() == digits && stop == end && problem == std::errc() && !sign) return number;
    }
    error(name, "must be " + std::to_string(digits) + " hexadecimal digits, not " +
                    (value.is_string() ? "'" + value.get_ref<const std::string&>().substr(0, 40) + "'" : shown(value)));
    return 0;
}

}  // namespace millrace::targets::barvinn
