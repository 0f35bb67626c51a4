/* SHA-256 (FIPS 180-4) in pieces of any length. */
#ifndef MSEC_CORE_SHA256_H
#define MSEC_CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
#define SHA256_BLOCK_BYTES 64

struct sha256 {
  uint32_t state[8];
  uint64_t length;
  uint8_t block[SHA256_BLOCK_BYTES];
};

void sha256_init(struct sha256 *hash);
void sha256_update(struct sha256 *hash, const void *bytes, size_t length);
/* `hash` must be initialised again before it is used again. */
void sha256_final(struct sha256 *hash, uint8_t digest[SHA256_BYTES]);

#endif
