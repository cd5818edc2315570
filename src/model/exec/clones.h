#pragma once

/// For hot loops: the function is compiled for several processors, and the running one takes its own. All of them give
/// the same bytes, as nothing is contracted or reordered. Only g++ without sanitizers does so.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define MILLRACE_CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define MILLRACE_CLONES
#endif
