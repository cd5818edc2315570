#include <millrace/millrace.h>

#include <cstdio>
#include <string>

// A program of somebody else: prints the version and the start of a picture, so that all libraries are really linked.
int main() {
    const std::string picture = millrace::report::schedulePng(millrace::explore::Result{});
    const bool png = picture.starts_with("\x89PNG");
    std::printf("%s %s\n", millrace::kVersion, png ? "png" : "no png");
    return png ? 0 : 1;
}
