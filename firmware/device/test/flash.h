/*
 * NOR flash in memory for the host tests: refuses what flash cannot do, and can lose its power in any operation, which
 * leaves a word or page half done.
 */
#ifndef MSEC_TEST_FLASH_H
#define MSEC_TEST_FLASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/storage.h"

#define FLASH_BYTES_MAX 16384u

struct flash {
  uint32_t page_bytes;
  uint32_t pages;
  uint8_t bytes[FLASH_BYTES_MAX];
  /* Programmings and erasures until the power is lost; negative: never. */
  int64_t operations_left;
  bool is_dead;
  /* An operation fails in the same way, and the power stays. */
  bool is_failing_once;
  uint64_t operations;
  uint32_t random;
};

void flash_init(struct flash *flash, uint32_t page_bytes, uint32_t pages, uint32_t seed);
struct storage flash_storage(struct flash *flash);
/* The power is back, for so many operations. */
void flash_revive(struct flash *flash, int64_t operations);
uint32_t next_random(uint32_t *state);

/* Ends the program with the line and what is wrong. */
#define CHECK(condition) check(condition, #condition, __FILE__, __LINE__)
void check(bool holds, const char *text, const char *file, int line);

#endif
