/* HMAC-SHA-256 (RFC 2104) with pads that are hashed once for each key, and HKDF of one block (RFC 5869). */
#ifndef MSEC_CORE_HMAC_H
#define MSEC_CORE_HMAC_H

#include "core/sha256.h"

struct hmac_key {
  struct sha256 inner;
  struct sha256 outer;
};

void hmac_key_init(struct hmac_key *key, const uint8_t *bytes, size_t length);
void hmac_begin(const struct hmac_key *key, struct sha256 *inner);
/* Ends what hmac_begin began; what the MAC is of went into `inner` by sha256_update. */
void hmac_end(const struct hmac_key *key, struct sha256 *inner, uint8_t mac[SHA256_BYTES]);

/* HKDF-SHA-256 without a salt, 32 bytes. */
void hkdf_sha256(const uint8_t *secret, size_t secret_length, const uint8_t *info, size_t info_length,
                 uint8_t out[SHA256_BYTES]);

/* Overwrites what was secret; no compiler leaves it out. */
void wipe(void *bytes, size_t length);

#endif
