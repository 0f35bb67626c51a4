#include "core/sha256.h"

#include <string.h>

#include "core/bytes.h"

static const uint32_t ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t START[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static inline uint32_t rotated(uint32_t word, unsigned by) {
  return (word >> by) | (word << (32 - by));
}

static void compress(uint32_t state[8], const uint8_t *block) {
  uint32_t w[64];
  for (unsigned i = 0; i < 16; i++) w[i] = get_u32(block + 4 * i);
  for (unsigned i = 16; i < 64; i++) {
    const uint32_t low = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ (w[i - 15] >> 3);
    const uint32_t high = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ (w[i - 2] >> 10);
    w[i] = w[i - 16] + low + w[i - 7] + high;
  }
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
  for (unsigned i = 0; i < 64; i++) {
    const uint32_t sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const uint32_t one = h + sum1 + ((e & f) ^ (~e & g)) + ROUND[i] + w[i];
    const uint32_t sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const uint32_t two = sum0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + one;
    d = c;
    c = b;
    b = a;
    a = one + two;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

void sha256_init(struct sha256 *hash) {
  memcpy(hash->state, START, sizeof START);
  hash->length = 0;
}

void sha256_update(struct sha256 *hash, const void *bytes, size_t length) {
  const uint8_t *from = bytes;
  const size_t held = (size_t)(hash->length % SHA256_BLOCK_BYTES);
  if (length == 0) return;
  hash->length += length;
  if (held > 0) {
    const size_t room = SHA256_BLOCK_BYTES - held;
    const size_t taken = length < room ? length : room;
    memcpy(hash->block + held, from, taken);
    if (taken < room) return;
    compress(hash->state, hash->block);
    from += taken;
    length -= taken;
  }
  for (; length >= SHA256_BLOCK_BYTES; length -= SHA256_BLOCK_BYTES, from += SHA256_BLOCK_BYTES) {
    compress(hash->state, from);
  }
  memcpy(hash->block, from, length);
}

void sha256_final(struct sha256 *hash, uint8_t digest[SHA256_BYTES]) {
  const uint64_t bits = hash->length * 8;
  size_t held = (size_t)(hash->length % SHA256_BLOCK_BYTES);
  hash->block[held++] = 0x80;
  if (held > SHA256_BLOCK_BYTES - 8) {
    memset(hash->block + held, 0, SHA256_BLOCK_BYTES - held);
    compress(hash->state, hash->block);
    held = 0;
  }
  memset(hash->block + held, 0, SHA256_BLOCK_BYTES - 8 - held);
  put_u64(hash->block + SHA256_BLOCK_BYTES - 8, bits);
  compress(hash->state, hash->block);
  for (unsigned i = 0; i < 8; i++) put_u32(digest + 4 * i, hash->state[i]);
}
