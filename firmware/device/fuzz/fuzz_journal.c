/* A journal of any content, or a good one that was damaged: it is mounted, counts on without a step back, and does so again after another start. */
#include <stdlib.h>
#include <string.h>

#include "core/sequence.h"
#include "fuzz/fuzz.h"
#include "test/flash.h"

/* A good journal of so many entries, then bits that flip. */
static void write_and_damage(struct flash *flash, const uint8_t *bytes, size_t length) {
  const struct storage storage = flash_storage(flash);
  struct sequence sequence;
  uint32_t boot_epoch, number;
  EXPECT(sequence_mount(&sequence, &storage, 1u + bytes[1]) == STATUS_OK);
  for (unsigned i = 0; i < 1u + bytes[2] % 32u; i++) {
    EXPECT(sequence_take(&sequence, &boot_epoch, &number) == STATUS_OK);
    sequence.next = sequence.bound;
  }
  for (size_t i = 3; i + 2 <= length; i += 2) flash->bytes[bytes[i] % 128u] ^= bytes[i + 1];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static struct flash flash;
  struct sequence sequence;
  uint32_t last_epoch = 0, last = 0;
  flash_init(&flash, 64, 2, 1);
  if (length >= 3 && bytes[0] % 2 == 1) write_and_damage(&flash, bytes, length);
  else memcpy(flash.bytes, bytes, length < 128 ? length : 128);
  const struct storage storage = flash_storage(&flash);
  for (unsigned start = 0; start < 3; start++) {
    EXPECT(sequence_mount(&sequence, &storage, 1700000000u) == STATUS_OK);
    for (unsigned i = 0; i < 3; i++) {
      uint32_t boot_epoch, number;
      const enum status status = sequence_take(&sequence, &boot_epoch, &number);
      /* The last number of the last epoch is the end of everything. */
      if (status == STATUS_INVALID) return 0;
      EXPECT(status == STATUS_OK);
      const bool is_later = boot_epoch > last_epoch || (boot_epoch == last_epoch && number > last);
      EXPECT(is_later || (start == 0 && i == 0));
      last_epoch = boot_epoch;
      last = number;
      /* To the end of what is reserved. */
      if (i == 1) sequence.next = sequence.bound;
    }
  }
  return 0;
}
