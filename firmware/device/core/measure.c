#include "core/measure.h"

enum status measure_image(const struct image *image, uint8_t digest[SHA256_BYTES]) {
  uint8_t bytes[256];
  uint32_t at = 0, got;
  struct sha256 hash;
  sha256_init(&hash);
  do {
    if (image->read(image->port, at, bytes, sizeof bytes, &got) != STATUS_OK || got > sizeof bytes)
      return STATUS_STORAGE;
    sha256_update(&hash, bytes, got);
    at += got;
  } while (got > 0);
  sha256_final(&hash, digest);
  return STATUS_OK;
}
