#include "test/flash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check(bool holds, const char *text, const char *file, int line) {
  if (holds) return;
  fprintf(stderr, "%s:%d: %s\n", file, line, text);
  exit(1);
}

uint32_t next_random(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

static enum status flash_read(void *port, uint32_t at, void *into, uint32_t length) {
  const struct flash *flash = port;
  CHECK((uint64_t)at + length <= (uint64_t)flash->page_bytes * flash->pages);
  if (flash->is_dead) return STATUS_STORAGE;
  memcpy(into, flash->bytes + at, length);
  return STATUS_OK;
}

/* False where this operation is the one in which the power goes. */
static bool is_powered(struct flash *flash) {
  flash->operations++;
  if (flash->operations_left < 0) return true;
  if (flash->operations_left-- > 0) return true;
  flash->is_dead = !flash->is_failing_once;
  return false;
}

static enum status flash_program(void *port, uint32_t at, const void *from, uint32_t length) {
  struct flash *flash = port;
  if (flash->is_dead) return STATUS_STORAGE;
  CHECK(at % STORAGE_WORD_BYTES == 0 && length % STORAGE_WORD_BYTES == 0 && length > 0);
  CHECK((uint64_t)at + length <= (uint64_t)flash->page_bytes * flash->pages);
  CHECK(at / flash->page_bytes == (at + length - 1) / flash->page_bytes);
  for (uint32_t i = 0; i < length; i++) CHECK(flash->bytes[at + i] == STORAGE_ERASED);
  if (is_powered(flash)) {
    memcpy(flash->bytes + at, from, length);
    return STATUS_OK;
  }
  /* Up to any byte, and of that one some of the bits that are to become zero. */
  const uint32_t done = next_random(&flash->random) % (length + 1);
  memcpy(flash->bytes + at, from, done);
  if (done < length)
    flash->bytes[at + done] = (uint8_t)(((const uint8_t *)from)[done] | next_random(&flash->random));
  return STATUS_STORAGE;
}

static enum status flash_erase(void *port, uint32_t page) {
  struct flash *flash = port;
  CHECK(page < flash->pages);
  if (flash->is_dead) return STATUS_STORAGE;
  uint8_t *bytes = flash->bytes + (size_t)page * flash->page_bytes;
  if (is_powered(flash)) {
    memset(bytes, STORAGE_ERASED, flash->page_bytes);
    return STATUS_OK;
  }
  const uint32_t kind = next_random(&flash->random) % 4;
  for (uint32_t i = 0; i < flash->page_bytes; i++) {
    if (kind == 0) break;
    if (kind == 1 || next_random(&flash->random) % 2 == 0) bytes[i] = (uint8_t)(bytes[i] | next_random(&flash->random));
    if (kind == 3 && next_random(&flash->random) % 2 == 0) bytes[i] = STORAGE_ERASED;
  }
  return STATUS_STORAGE;
}

void flash_init(struct flash *flash, uint32_t page_bytes, uint32_t pages, uint32_t seed) {
  CHECK((uint64_t)page_bytes * pages <= FLASH_BYTES_MAX);
  memset(flash, 0, sizeof *flash);
  flash->page_bytes = page_bytes;
  flash->pages = pages;
  flash->random = seed * 2654435761u + 1;
  memset(flash->bytes, STORAGE_ERASED, sizeof flash->bytes);
  flash->operations_left = -1;
}

struct storage flash_storage(struct flash *flash) {
  return (struct storage){
      .port = flash,
      .page_bytes = flash->page_bytes,
      .pages = flash->pages,
      .read = flash_read,
      .program = flash_program,
      .erase = flash_erase,
  };
}

void flash_revive(struct flash *flash, int64_t operations) {
  flash->is_dead = false;
  flash->operations_left = operations;
}
