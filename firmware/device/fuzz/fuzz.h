/* What fuzzers have in common: an expectation that does not hold is a crash. */
#ifndef MSEC_FUZZ_H
#define MSEC_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#define EXPECT(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#endif
