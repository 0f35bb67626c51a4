#include "core/boot_log.h"

#include <string.h>

#include "core/bytes.h"
#include "hal/tpm.h"

#define NO_ACTION 3u
#define SHA1_BYTES 20u
#define EVENT_OVERHEAD_BYTES (4u + 4u + 4u + 2u + SHA256_BYTES + 4u)

/* Unlike all else that is sent, the log is little-endian. */
static uint8_t *add_u16(uint8_t *at, uint32_t value) {
  at[0] = (uint8_t)value;
  at[1] = (uint8_t)(value >> 8);
  return at + 2;
}

static uint8_t *add_u32(uint8_t *at, uint32_t value) {
  return add_u16(add_u16(at, value & 0xffffu), value >> 16);
}

static uint8_t *add_bytes(uint8_t *at, const void *bytes, size_t length) {
  memcpy(at, bytes, length);
  return at + length;
}

void boot_log_begin(struct boot_log *log) {
  static const char SIGNATURE[] = "Spec ID Event03";
  /* Class client; version 2.0, errata 0; UINTN of 32 bits. */
  static const uint8_t VERSION[] = {0, 0, 0, 0, 0, 2, 0, 1};
  uint8_t *at = log->bytes;
  at = add_u32(at, 0);
  at = add_u32(at, NO_ACTION);
  memset(at, 0, SHA1_BYTES);
  at = add_u32(at + SHA1_BYTES, sizeof SIGNATURE + sizeof VERSION + 4 + 2 + 2 + 1);
  at = add_bytes(at, SIGNATURE, sizeof SIGNATURE);
  at = add_bytes(at, VERSION, sizeof VERSION);
  at = add_u32(at, 1);
  at = add_u16(at, TPM_SHA256);
  at = add_u16(at, SHA256_BYTES);
  *at++ = 0;
  log->length = (size_t)(at - log->bytes);
}

enum status boot_log_add(struct boot_log *log, uint32_t pcr, uint32_t type, const uint8_t digest[SHA256_BYTES],
                         const char *what) {
  const size_t length = strlen(what), left = sizeof log->bytes - log->length;
  if (left < EVENT_OVERHEAD_BYTES || length > left - EVENT_OVERHEAD_BYTES) return STATUS_FULL;
  uint8_t *at = log->bytes + log->length;
  at = add_u32(at, pcr);
  at = add_u32(at, type);
  at = add_u32(at, 1);
  at = add_u16(at, TPM_SHA256);
  at = add_bytes(at, digest, SHA256_BYTES);
  at = add_u32(at, (uint32_t)length);
  at = add_bytes(at, what, length);
  log->length = (size_t)(at - log->bytes);
  return STATUS_OK;
}
