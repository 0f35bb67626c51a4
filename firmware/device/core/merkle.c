#include "core/merkle.h"

#include <string.h>

static const uint8_t LEAF = 0;
static const uint8_t NODE = 1;

static void node_hash(const uint8_t *left, const uint8_t *right, uint8_t *out) {
  struct sha256 hash;
  sha256_init(&hash);
  sha256_update(&hash, &NODE, 1);
  sha256_update(&hash, left, SHA256_BYTES);
  sha256_update(&hash, right, SHA256_BYTES);
  sha256_final(&hash, out);
}

static unsigned bits_set(uint32_t number) {
  unsigned count = 0;
  for (; number != 0; number &= number - 1) count++;
  return count;
}

void merkle_init(struct merkle *tree) {
  tree->leaves = 0;
}

void merkle_add(struct merkle *tree, const uint8_t *head, size_t head_length, const uint8_t *body, size_t body_length) {
  struct sha256 hash;
  unsigned top = bits_set(tree->leaves);
  sha256_init(&hash);
  sha256_update(&hash, &LEAF, 1);
  sha256_update(&hash, head, head_length);
  sha256_update(&hash, body, body_length);
  sha256_final(&hash, tree->roots[top]);
  /* As in counting: each carry joins two subtrees of the same size. */
  for (uint32_t carry = tree->leaves; (carry & 1) != 0; carry >>= 1, top--) {
    node_hash(tree->roots[top - 1], tree->roots[top], tree->roots[top - 1]);
  }
  tree->leaves++;
}

void merkle_root(const struct merkle *tree, uint8_t root[SHA256_BYTES]) {
  unsigned top = bits_set(tree->leaves) - 1;
  memcpy(root, tree->roots[top], SHA256_BYTES);
  while (top-- > 0) node_hash(tree->roots[top], root, root);
}
