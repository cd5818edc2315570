/// fontconfig keeps its caches until the process ends; Cairo offers no call that frees them. Read by LeakSanitizer, if
/// it is there.
extern "C" const char* __lsan_default_suppressions() { return "leak:libfontconfig\n"; }
