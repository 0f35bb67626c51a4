#include "core/measure.h"

#include <stdbool.h>
#include <string.h>

static enum status measure_image(const struct image *image, uint8_t digest[SHA256_BYTES]) {
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

/* This very image, and nothing else, since the TPM's start. */
static bool is_measured(const struct tpm *tpm, uint32_t pcr, const uint8_t digest[SHA256_BYTES]) {
  static const uint8_t START[SHA256_BYTES];
  uint8_t value[TPM_DIGEST_BYTES_MAX], extended[SHA256_BYTES];
  size_t length;
  struct sha256 hash;
  if (tpm->pcr(tpm->port, TPM_SHA256, pcr, value, &length) != STATUS_OK || length != SHA256_BYTES) return false;
  sha256_init(&hash);
  sha256_update(&hash, START, sizeof START);
  sha256_update(&hash, digest, SHA256_BYTES);
  sha256_final(&hash, extended);
  return memcmp(value, extended, sizeof extended) == 0;
}

enum status measure_boot(const struct tpm *tpm, const struct image *image, uint32_t pcr, struct boot_log *log) {
  uint8_t digest[SHA256_BYTES];
  enum status status = measure_image(image, digest);
  if (status == STATUS_OK && !is_measured(tpm, pcr, digest)) status = tpm->extend(tpm->port, pcr, digest);
  return status == STATUS_OK ? boot_log_add(log, pcr, BOOT_EVENT_IPL, digest, "msec-device") : status;
}
