#include "core/sequence.h"

#include <string.h>

#include "core/bytes.h"
#include "core/crc32.h"

#define JOURNAL_PAGES 2u
#define LAST 0xffffffffu
#define MAGIC 0x5e90ce01u

/* Entry: magic, boot epoch, bound, CRC-32 of the 12 bytes before. */
static void entry_write(uint8_t entry[SEQUENCE_ENTRY_BYTES], uint32_t boot_epoch, uint32_t bound) {
  put_u32(entry, MAGIC);
  put_u32(entry + 4, boot_epoch);
  put_u32(entry + 8, bound);
  put_u32(entry + 12, crc32(entry, 12));
}

static bool entry_holds(const uint8_t entry[SEQUENCE_ENTRY_BYTES]) {
  return get_u32(entry) == MAGIC && get_u32(entry + 12) == crc32(entry, 12);
}

static bool is_erased(const uint8_t *bytes, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) {
    if (bytes[i] != STORAGE_ERASED) return false;
  }
  return true;
}

struct found {
  bool any;
  bool damaged;
  uint32_t boot_epoch;
  uint32_t bound;
  uint32_t page;
  /* Behind the last entry that is not erased, of each page. */
  uint32_t end[JOURNAL_PAGES];
};

static enum status scan(const struct storage *storage, struct found *found) {
  uint8_t entry[SEQUENCE_ENTRY_BYTES];
  memset(found, 0, sizeof *found);
  for (uint32_t page = 0; page < JOURNAL_PAGES; page++) {
    for (uint32_t at = 0; at + sizeof entry <= storage->page_bytes; at += sizeof entry) {
      if (storage->read(storage->port, page * storage->page_bytes + at, entry, sizeof entry) != STATUS_OK)
        return STATUS_STORAGE;
      if (is_erased(entry, sizeof entry)) continue;
      found->end[page] = at + SEQUENCE_ENTRY_BYTES;
      if (!entry_holds(entry)) {
        found->damaged = true;
        continue;
      }
      const uint32_t boot_epoch = get_u32(entry + 4);
      const uint32_t bound = get_u32(entry + 8);
      const bool is_later = !found->any || boot_epoch > found->boot_epoch ||
                            (boot_epoch == found->boot_epoch && bound >= found->bound);
      if (!is_later) continue;
      found->any = true;
      found->boot_epoch = boot_epoch;
      found->bound = bound;
      found->page = page;
    }
  }
  return STATUS_OK;
}

/* Room for an entry without an erasure, or after that of the page that does not hold the newest one. */
static enum status reserve(struct sequence *sequence, uint32_t boot_epoch, uint32_t bound) {
  const struct storage *storage = sequence->storage;
  uint8_t entry[SEQUENCE_ENTRY_BYTES];
  if (sequence->offset + SEQUENCE_ENTRY_BYTES > storage->page_bytes) {
    const uint32_t other = (sequence->page + 1) % JOURNAL_PAGES;
    if (storage->erase(storage->port, other) != STATUS_OK) return STATUS_STORAGE;
    sequence->page = other;
    sequence->offset = 0;
  }
  entry_write(entry, boot_epoch, bound);
  const uint32_t at = sequence->page * storage->page_bytes + sequence->offset;
  /* Not used again where it fails: part of it may have been programmed. */
  sequence->offset += SEQUENCE_ENTRY_BYTES;
  return storage->program(storage->port, at, entry, sizeof entry) == STATUS_OK ? STATUS_OK : STATUS_STORAGE;
}

static uint32_t plus_reserve(uint32_t bound) {
  return bound > LAST - SEQUENCE_RESERVE ? LAST : bound + SEQUENCE_RESERVE;
}

enum status sequence_mount(struct sequence *sequence, const struct storage *storage, uint32_t fresh_epoch) {
  struct found found;
  if (storage->pages < JOURNAL_PAGES || storage->page_bytes < SEQUENCE_ENTRY_BYTES) return STATUS_INVALID;
  if (scan(storage, &found) != STATUS_OK) return STATUS_STORAGE;
  if (!found.any && fresh_epoch == 0) return STATUS_NO_CLOCK;
  sequence->storage = storage;
  sequence->page = found.page;
  /* A page whose start was torn in its erasure is full as it is: the next entry goes to the other one. */
  sequence->offset = found.any ? found.end[found.page] : storage->page_bytes;
  sequence->boot_epoch = found.any ? found.boot_epoch : fresh_epoch;
  sequence->bound = found.any ? found.bound : 0;
  /* The damaged entry may be the newest one, under which sequences were used already. */
  sequence->next = found.any && found.damaged ? plus_reserve(found.bound) : sequence->bound;
  return STATUS_OK;
}

enum status sequence_take(struct sequence *sequence, uint32_t *boot_epoch, uint32_t *number) {
  if (sequence->next >= sequence->bound) {
    /* The last one is never given out, so that `next` cannot wrap. */
    const bool is_spent = sequence->next == LAST;
    if (is_spent && sequence->boot_epoch == LAST) return STATUS_INVALID;
    const uint32_t epoch = is_spent ? sequence->boot_epoch + 1 : sequence->boot_epoch;
    const uint32_t next = is_spent ? 0 : sequence->next;
    const uint32_t bound = plus_reserve(next);
    if (reserve(sequence, epoch, bound) != STATUS_OK) return STATUS_STORAGE;
    sequence->boot_epoch = epoch;
    sequence->next = next;
    sequence->bound = bound;
  }
  *boot_epoch = sequence->boot_epoch;
  *number = sequence->next++;
  return STATUS_OK;
}
