/*
 * A ring of any content, or one that was written well and then damaged in places: it is mounted, read, released and written without harm, what is appended is there after another
 * start, and no walk is without end.
 */
#include <stdlib.h>
#include <string.h>

#include "core/ring.h"
#include "fuzz/fuzz.h"
#include "test/flash.h"

#define PAGE_BYTES 512u
#define PAGES 4u

/* Behind a CRC nothing is found by chance: a good ring by the first bytes, then bits that flip by the others. */
static void write_and_damage(struct flash *flash, const uint8_t *bytes, size_t length) {
  const struct storage storage = flash_storage(flash);
  struct ring ring;
  struct ring_record record;
  struct ring_position position;
  EXPECT(ring_mount(&ring, &storage) == STATUS_OK);
  memset(&record, 0, sizeof record);
  for (unsigned i = 0; i < 8u + bytes[1]; i++) {
    record.sequence = i;
    record.length = bytes[2] ^ (i * 7u & 63u);
    (void)ring_append(&ring, &record);
    if (i % 5 == bytes[3] % 5u && ring_next(&ring, &record, &position) == STATUS_OK)
      EXPECT(ring_release(&ring, position, 1) == STATUS_OK);
  }
  for (size_t i = 4; i + 3 <= length; i += 3)
    flash->bytes[((uint32_t)bytes[i] << 8 | bytes[i + 1]) % (PAGE_BYTES * PAGES)] ^= bytes[i + 2];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static struct flash flash;
  struct ring ring;
  struct ring_record record;
  struct ring_position position;
  const size_t all = PAGE_BYTES * PAGES;
  flash_init(&flash, PAGE_BYTES, PAGES, 1);
  if (length >= 4 && bytes[0] % 2 == 1) write_and_damage(&flash, bytes, length);
  else memcpy(flash.bytes, bytes, length < all ? length : all);
  const struct storage storage = flash_storage(&flash);
  EXPECT(ring_mount(&ring, &storage) == STATUS_OK);
  uint32_t read = 0;
  while (ring_next(&ring, &record, &position) == STATUS_OK) {
    EXPECT(record.length <= RING_FRAME_BYTES_MAX);
    EXPECT(++read < all);
  }
  EXPECT(ring.waiting == read);
  if (read > 0) {
    EXPECT(ring_release(&ring, position, read) == STATUS_OK);
    EXPECT(ring.waiting == 0);
  }
  memset(&record, 0x5a, sizeof record);
  record.length = 31;
  EXPECT(ring_append(&ring, &record) == STATUS_OK);
  record.sequence++;
  EXPECT(ring_append(&ring, &record) == STATUS_OK);
  EXPECT(ring_mount(&ring, &storage) == STATUS_OK);
  uint32_t sequence = 0;
  while (ring_next(&ring, &record, &position) == STATUS_OK) sequence = record.sequence;
  EXPECT(sequence == 0x5a5a5a5bu && ring.waiting >= 2);
  return 0;
}
