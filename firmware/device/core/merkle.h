/* The Merkle root of RFC 9162, 2.1, over leaves as they come: what is kept is one hash for each complete subtree. */
#ifndef MSEC_CORE_MERKLE_H
#define MSEC_CORE_MERKLE_H

#include "core/sha256.h"

/* 2^12 leaves at most. */
#define MERKLE_DEPTH 13
#define MERKLE_LEAVES_MAX 4096

struct merkle {
  uint32_t leaves;
  /* Roots of the complete subtrees so far, the greatest first: one for each bit that is set in `leaves`. */
  uint8_t roots[MERKLE_DEPTH][SHA256_BYTES];
};

void merkle_init(struct merkle *tree);
/* A leaf is the concatenation of head and body. At most MERKLE_LEAVES_MAX of them. */
void merkle_add(struct merkle *tree, const uint8_t *head, size_t head_length, const uint8_t *body, size_t body_length);
/* At least one leaf was added. */
void merkle_root(const struct merkle *tree, uint8_t root[SHA256_BYTES]);

#endif
