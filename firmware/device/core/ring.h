/*
 * Store and forward: readings wait in flash, in their order, until the bridge has acknowledged them. Once ring_append has
 * returned, a reading is neither lost nor altered by a loss of power; what was released comes back at most as a repeat.
 *
 * Pages are filled one behind the other, in a circle. Each begins with its serial number; a record is a word of length
 * and CRC, a body, and a word that stays erased until the record and all before it are released.
 */
#ifndef MSEC_CORE_RING_H
#define MSEC_CORE_RING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "hal/storage.h"

#define RING_FRAME_BYTES_MAX 256u
#define RING_BODY_HEAD_BYTES 16u
#define RING_NO_TIME UINT64_MAX

struct ring_position {
  uint32_t page;
  uint32_t offset;
};

struct ring_record {
  uint32_t boot_epoch;
  uint32_t sequence;
  /* RING_NO_TIME where it was not known. */
  uint64_t time_ms;
  uint32_t length;
  uint8_t frame[RING_FRAME_BYTES_MAX];
};

struct ring {
  const struct storage *storage;
  uint32_t serial;
  struct ring_position write;
  /* The oldest that is not released. */
  struct ring_position oldest;
  /* The next that ring_next gives. */
  struct ring_position unread;
  /* Not released; not released and not read. */
  uint32_t waiting;
  uint32_t waiting_unread;
  /* Records that were stepped over since the mount: cut off as they were written, or rotten. */
  uint32_t damaged;
};

/* Needs two pages at least, each with room for the longest record. */
enum status ring_mount(struct ring *ring, const struct storage *storage);

/* Whether a record with a frame of this length may be appended. */
bool ring_has_room(const struct ring *ring, uint32_t length);

/* STATUS_FULL where it would take the place of a reading that waits. After STATUS_STORAGE it is there whole, or not at all. */
enum status ring_append(struct ring *ring, const struct ring_record *record);

/* The next record that was not read since the mount or ring_rewind; STATUS_NONE where there is none. */
enum status ring_next(struct ring *ring, struct ring_record *record, struct ring_position *position);

/* Gives the records that ring_next has given last once more: `count` of them, from the one at the position on. */
void ring_unread(struct ring *ring, struct ring_position position, uint32_t count);

/* Everything that is not released will be read again. */
void ring_rewind(struct ring *ring);

/* The record at the position, which was read, and `count` - 1 before it are the bridge's now. */
enum status ring_release(struct ring *ring, struct ring_position position, uint32_t count);

/* The highest boot epoch among the records that wait; 0 where there is none. */
enum status ring_newest_epoch(struct ring *ring, uint32_t *boot_epoch);

#endif
