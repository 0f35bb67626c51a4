#include "core/hmac.h"

#include <string.h>

static void begin_pad(struct sha256 *hash, const uint8_t key[SHA256_BLOCK_BYTES], uint8_t mask) {
  uint8_t pad[SHA256_BLOCK_BYTES];
  for (size_t i = 0; i < sizeof pad; i++) pad[i] = key[i] ^ mask;
  sha256_init(hash);
  sha256_update(hash, pad, sizeof pad);
  wipe(pad, sizeof pad);
}

void hmac_key_init(struct hmac_key *key, const uint8_t *bytes, size_t length) {
  uint8_t block[SHA256_BLOCK_BYTES] = {0};
  if (length > sizeof block) {
    sha256_init(&key->inner);
    sha256_update(&key->inner, bytes, length);
    sha256_final(&key->inner, block);
  } else if (length > 0) {
    memcpy(block, bytes, length);
  }
  begin_pad(&key->inner, block, 0x36);
  begin_pad(&key->outer, block, 0x5c);
  wipe(block, sizeof block);
}

void hmac_begin(const struct hmac_key *key, struct sha256 *inner) {
  *inner = key->inner;
}

void hmac_end(const struct hmac_key *key, struct sha256 *inner, uint8_t mac[SHA256_BYTES]) {
  uint8_t digest[SHA256_BYTES];
  sha256_final(inner, digest);
  *inner = key->outer;
  sha256_update(inner, digest, sizeof digest);
  sha256_final(inner, mac);
}

void hkdf_sha256(const uint8_t *secret, size_t secret_length, const uint8_t *info, size_t info_length,
                 uint8_t out[SHA256_BYTES]) {
  static const uint8_t NO_SALT[SHA256_BYTES] = {0};
  static const uint8_t FIRST = 1;
  struct hmac_key key;
  struct sha256 inner;
  uint8_t extracted[SHA256_BYTES];
  hmac_key_init(&key, NO_SALT, sizeof NO_SALT);
  hmac_begin(&key, &inner);
  sha256_update(&inner, secret, secret_length);
  hmac_end(&key, &inner, extracted);
  hmac_key_init(&key, extracted, sizeof extracted);
  hmac_begin(&key, &inner);
  sha256_update(&inner, info, info_length);
  sha256_update(&inner, &FIRST, 1);
  hmac_end(&key, &inner, out);
  wipe(extracted, sizeof extracted);
  wipe(&key, sizeof key);
  wipe(&inner, sizeof inner);
}

void wipe(void *bytes, size_t length) {
  volatile uint8_t *at = bytes;
  while (length-- > 0) *at++ = 0;
}
