#include "core/ring.h"

#include <string.h>

#include "core/bytes.h"
#include "core/crc32.h"

#define PAGE_HEAD_BYTES 16u
#define RECORD_HEAD_BYTES STORAGE_WORD_BYTES
#define RELEASE_BYTES STORAGE_WORD_BYTES
#define PAGE_MAGIC 0x52494e47u
#define BODY_BYTES_MAX (RING_BODY_HEAD_BYTES + RING_FRAME_BYTES_MAX)

static uint32_t padded(uint32_t length) {
  return (length + STORAGE_WORD_BYTES - 1) / STORAGE_WORD_BYTES * STORAGE_WORD_BYTES;
}

static uint32_t record_bytes(uint32_t body) {
  return RECORD_HEAD_BYTES + padded(body) + RELEASE_BYTES;
}

static bool is_erased(const uint8_t *bytes, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) {
    if (bytes[i] != STORAGE_ERASED) return false;
  }
  return true;
}

static bool is_same(struct ring_position one, struct ring_position other) {
  return one.page == other.page && one.offset == other.offset;
}

static enum status read_at(const struct ring *ring, struct ring_position at, void *into, uint32_t length) {
  const struct storage *storage = ring->storage;
  return storage->read(storage->port, at.page * storage->page_bytes + at.offset, into, length);
}

static enum status program_at(const struct ring *ring, struct ring_position at, const void *from, uint32_t length) {
  const struct storage *storage = ring->storage;
  return storage->program(storage->port, at.page * storage->page_bytes + at.offset, from, length);
}

/* Page head: magic, serial, its complement, CRC-32 of the 12 bytes before. */
static enum status page_serial(const struct ring *ring, uint32_t page, bool *holds, uint32_t *serial) {
  uint8_t head[PAGE_HEAD_BYTES];
  if (read_at(ring, (struct ring_position){page, 0}, head, sizeof head) != STATUS_OK) return STATUS_STORAGE;
  *serial = get_u32(head + 4);
  *holds = get_u32(head) == PAGE_MAGIC && get_u32(head + 8) == ~*serial && get_u32(head + 12) == crc32(head, 12);
  return STATUS_OK;
}

/* Whether the page, so many before the newest one, is of the circle; else it is what is left of an erasure that was cut off. */
static enum status is_live(const struct ring *ring, uint32_t page, uint32_t behind, bool *live) {
  bool holds;
  uint32_t serial;
  if (page_serial(ring, page, &holds, &serial) != STATUS_OK) return STATUS_STORAGE;
  *live = holds && serial == ring->serial - behind;
  return STATUS_OK;
}

/* The beginning of the next page that is of the circle; there is one, since the newest lies ahead. */
static enum status next_page(const struct ring *ring, struct ring_position *at) {
  const uint32_t pages = ring->storage->pages;
  bool live = false;
  while (!live) {
    at->page = (at->page + 1) % pages;
    if (at->page == ring->write.page) break;
    if (is_live(ring, at->page, (ring->write.page + pages - at->page) % pages, &live) != STATUS_OK)
      return STATUS_STORAGE;
  }
  at->offset = PAGE_HEAD_BYTES;
  return STATUS_OK;
}

static enum status start_page(struct ring *ring, uint32_t page, uint32_t serial) {
  uint8_t head[PAGE_HEAD_BYTES];
  if (ring->storage->erase(ring->storage->port, page) != STATUS_OK) return STATUS_STORAGE;
  put_u32(head, PAGE_MAGIC);
  put_u32(head + 4, serial);
  put_u32(head + 8, ~serial);
  put_u32(head + 12, crc32(head, 12));
  if (program_at(ring, (struct ring_position){page, 0}, head, sizeof head) != STATUS_OK) return STATUS_STORAGE;
  ring->serial = serial;
  ring->write = (struct ring_position){page, PAGE_HEAD_BYTES};
  return STATUS_OK;
}

enum slot { SLOT_RECORD, SLOT_DAMAGED, SLOT_ERASED, SLOT_END };

/*
 * What stands at the position. *body: length of the body, of a record and of a damaged one; those can be stepped over.
 * SLOT_END: nothing behind it in this page can be told apart. `body_into` has room for BODY_BYTES_MAX.
 */
static enum status read_slot(const struct ring *ring, struct ring_position at, enum slot *slot, uint32_t *body,
                             uint8_t *body_into) {
  uint8_t head[RECORD_HEAD_BYTES];
  *slot = SLOT_END;
  if (at.offset + record_bytes(RING_BODY_HEAD_BYTES) > ring->storage->page_bytes) return STATUS_OK;
  if (read_at(ring, at, head, sizeof head) != STATUS_OK) return STATUS_STORAGE;
  if (is_erased(head, sizeof head)) {
    *slot = SLOT_ERASED;
    return STATUS_OK;
  }
  const uint32_t length = get_u16(head);
  if (get_u16(head + 2) != (~length & 0xffffu) || length < RING_BODY_HEAD_BYTES || length > BODY_BYTES_MAX ||
      at.offset + record_bytes(length) > ring->storage->page_bytes)
    return STATUS_OK;
  const struct ring_position body_at = {at.page, at.offset + RECORD_HEAD_BYTES};
  if (read_at(ring, body_at, body_into, length) != STATUS_OK) return STATUS_STORAGE;
  *body = length;
  *slot = get_u32(head + 4) == crc32(body_into, length) ? SLOT_RECORD : SLOT_DAMAGED;
  return STATUS_OK;
}

static enum status is_released(const struct ring *ring, struct ring_position at, uint32_t body, bool *released) {
  uint8_t word[RELEASE_BYTES];
  const struct ring_position word_at = {at.page, at.offset + RECORD_HEAD_BYTES + padded(body)};
  if (read_at(ring, word_at, word, sizeof word) != STATUS_OK) return STATUS_STORAGE;
  /* A torn word counts: it was only begun because the bridge had acknowledged. */
  *released = !is_erased(word, sizeof word);
  return STATUS_OK;
}

/* Whether nothing was programmed from the position to the end of its page. */
static enum status is_blank_from(const struct ring *ring, struct ring_position at, bool *blank) {
  uint8_t bytes[64];
  *blank = true;
  while (*blank && at.offset < ring->storage->page_bytes) {
    const uint32_t left = ring->storage->page_bytes - at.offset;
    const uint32_t length = left < sizeof bytes ? left : (uint32_t)sizeof bytes;
    if (read_at(ring, at, bytes, length) != STATUS_OK) return STATUS_STORAGE;
    *blank = is_erased(bytes, length);
    at.offset += length;
  }
  return STATUS_OK;
}

/* Counts what waits in one page; everything up to the last released record does not. */
static enum status scan_page(struct ring *ring, uint32_t page, struct ring_position *end) {
  uint8_t body_bytes[BODY_BYTES_MAX];
  struct ring_position at = {page, PAGE_HEAD_BYTES};
  for (;;) {
    enum slot slot;
    uint32_t body;
    bool released;
    if (read_slot(ring, at, &slot, &body, body_bytes) != STATUS_OK) return STATUS_STORAGE;
    if (slot == SLOT_END || slot == SLOT_ERASED) {
      bool blank = false;
      if (slot == SLOT_ERASED && is_blank_from(ring, at, &blank) != STATUS_OK) return STATUS_STORAGE;
      *end = blank ? at : (struct ring_position){page, ring->storage->page_bytes};
      return STATUS_OK;
    }
    const struct ring_position after = {page, at.offset + record_bytes(body)};
    if (is_released(ring, at, body, &released) != STATUS_OK) return STATUS_STORAGE;
    if (slot == SLOT_DAMAGED) ring->damaged++;
    else if (!released) ring->waiting++;
    if (released) {
      ring->waiting = 0;
      ring->oldest = after;
    }
    at = after;
  }
}

enum status ring_mount(struct ring *ring, const struct storage *storage) {
  bool any = false;
  memset(ring, 0, sizeof *ring);
  ring->storage = storage;
  if (storage->pages < 2 || storage->page_bytes < PAGE_HEAD_BYTES + record_bytes(BODY_BYTES_MAX)) return STATUS_INVALID;
  for (uint32_t page = 0; page < storage->pages; page++) {
    bool holds;
    uint32_t serial;
    if (page_serial(ring, page, &holds, &serial) != STATUS_OK) return STATUS_STORAGE;
    if (!holds || (any && serial <= ring->serial)) continue;
    any = true;
    ring->serial = serial;
    ring->write.page = page;
  }
  if (!any) {
    if (start_page(ring, 0, 1) != STATUS_OK) return STATUS_STORAGE;
    ring->oldest = ring->unread = ring->write;
    return STATUS_OK;
  }
  bool is_started = false;
  /* From the oldest page on, which follows the newest one in the circle. */
  for (uint32_t step = 1; step <= storage->pages; step++) {
    const uint32_t page = (ring->write.page + step) % storage->pages;
    const uint32_t behind = storage->pages - step;
    bool live;
    if (is_live(ring, page, behind, &live) != STATUS_OK) return STATUS_STORAGE;
    if (!live) continue;
    if (!is_started) ring->oldest = (struct ring_position){page, PAGE_HEAD_BYTES};
    is_started = true;
    struct ring_position end;
    if (scan_page(ring, page, &end) != STATUS_OK) return STATUS_STORAGE;
    if (behind == 0) ring->write = end;
  }
  ring_rewind(ring);
  return STATUS_OK;
}

static bool fits_in_page(const struct ring *ring, uint32_t body) {
  return ring->write.offset + record_bytes(body) <= ring->storage->page_bytes;
}

bool ring_has_room(const struct ring *ring, uint32_t length) {
  const uint32_t next = (ring->write.page + 1) % ring->storage->pages;
  return fits_in_page(ring, RING_BODY_HEAD_BYTES + length) || ring->waiting == 0 || ring->oldest.page != next;
}

enum status ring_append(struct ring *ring, const struct ring_record *record) {
  uint8_t bytes[RECORD_HEAD_BYTES + BODY_BYTES_MAX + STORAGE_WORD_BYTES];
  if (record->length > RING_FRAME_BYTES_MAX) return STATUS_INVALID;
  if (!ring_has_room(ring, record->length)) return STATUS_FULL;
  const uint32_t body = RING_BODY_HEAD_BYTES + record->length;
  if (!fits_in_page(ring, body)) {
    const uint32_t next = (ring->write.page + 1) % ring->storage->pages;
    const bool nothing_waits = ring->waiting == 0;
    const bool nothing_unread = ring->waiting_unread == 0;
    if (start_page(ring, next, ring->serial + 1) != STATUS_OK) return STATUS_STORAGE;
    if (nothing_waits) ring->oldest = ring->write;
    if (nothing_unread) ring->unread = ring->write;
  }
  uint8_t *const body_at = bytes + RECORD_HEAD_BYTES;
  memset(bytes, STORAGE_ERASED, sizeof bytes);
  put_u32(body_at, record->boot_epoch);
  put_u32(body_at + 4, record->sequence);
  put_u64(body_at + 8, record->time_ms);
  memcpy(body_at + RING_BODY_HEAD_BYTES, record->frame, record->length);
  put_u16(bytes, body);
  put_u16(bytes + 2, ~body & 0xffffu);
  put_u32(bytes + 4, crc32(body_at, body));
  const struct ring_position at = ring->write;
  const enum status status = program_at(ring, at, bytes, RECORD_HEAD_BYTES + padded(body));
  enum slot slot = SLOT_RECORD;
  uint32_t length;
  ring->write.offset += record_bytes(body);
  if (status != STATUS_OK) {
    /* Part of it may have been programmed: what would follow in this page could not be told apart. If all of it was, it counts. */
    ring->write.offset = ring->storage->page_bytes;
    if (read_slot(ring, at, &slot, &length, bytes) != STATUS_OK) return STATUS_STORAGE;
  }
  if (slot == SLOT_RECORD) {
    ring->waiting++;
    ring->waiting_unread++;
  }
  return status == STATUS_OK ? STATUS_OK : STATUS_STORAGE;
}

enum status ring_next(struct ring *ring, struct ring_record *record, struct ring_position *position) {
  uint8_t body_bytes[BODY_BYTES_MAX];
  struct ring_position at = ring->unread;
  while (ring->waiting_unread > 0 && !is_same(at, ring->write)) {
    enum slot slot;
    uint32_t body;
    if (read_slot(ring, at, &slot, &body, body_bytes) != STATUS_OK) return STATUS_STORAGE;
    if (slot == SLOT_END || slot == SLOT_ERASED) {
      if (at.page == ring->write.page) break;
      if (next_page(ring, &at) != STATUS_OK) return STATUS_STORAGE;
      continue;
    }
    const struct ring_position here = at;
    at.offset += record_bytes(body);
    if (slot == SLOT_DAMAGED) continue;
    record->boot_epoch = get_u32(body_bytes);
    record->sequence = get_u32(body_bytes + 4);
    record->time_ms = get_u64(body_bytes + 8);
    record->length = body - RING_BODY_HEAD_BYTES;
    memcpy(record->frame, body_bytes + RING_BODY_HEAD_BYTES, record->length);
    ring->unread = at;
    ring->waiting_unread--;
    *position = here;
    return STATUS_OK;
  }
  /* What was counted and cannot be read any more has rotted since. */
  ring->waiting -= ring->waiting_unread;
  ring->damaged += ring->waiting_unread;
  ring->waiting_unread = 0;
  return STATUS_NONE;
}

void ring_unread(struct ring *ring, struct ring_position position, uint32_t count) {
  ring->unread = position;
  ring->waiting_unread += count;
}

void ring_rewind(struct ring *ring) {
  ring->unread = ring->oldest;
  ring->waiting_unread = ring->waiting;
}

enum status ring_release(struct ring *ring, struct ring_position position, uint32_t count) {
  static const uint8_t RELEASED[RELEASE_BYTES] = {0};
  uint8_t body_bytes[BODY_BYTES_MAX];
  enum slot slot;
  uint32_t body;
  if (count > ring->waiting - ring->waiting_unread) return STATUS_INVALID;
  if (read_slot(ring, position, &slot, &body, body_bytes) != STATUS_OK) return STATUS_STORAGE;
  if (slot != SLOT_RECORD && slot != SLOT_DAMAGED) return STATUS_INVALID;
  const struct ring_position word_at = {position.page, position.offset + RECORD_HEAD_BYTES + padded(body)};
  if (program_at(ring, word_at, RELEASED, sizeof RELEASED) != STATUS_OK) return STATUS_STORAGE;
  ring->oldest = (struct ring_position){position.page, position.offset + record_bytes(body)};
  ring->waiting -= count;
  return STATUS_OK;
}

enum status ring_newest_epoch(struct ring *ring, uint32_t *boot_epoch) {
  struct ring_record record;
  struct ring_position position;
  enum status status;
  *boot_epoch = 0;
  while ((status = ring_next(ring, &record, &position)) == STATUS_OK) {
    if (record.boot_epoch > *boot_epoch) *boot_epoch = record.boot_epoch;
  }
  ring_rewind(ring);
  return status == STATUS_NONE ? STATUS_OK : status;
}
