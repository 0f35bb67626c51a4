/* The receiver's key: no text does harm. */
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "ports/linux/receiver_key.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  uint8_t point[P256_POINT_BYTES];
  (void)receiver_key_parse((const char *)bytes, length, point);
  return 0;
}
