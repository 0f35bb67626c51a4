/* No pair of boot epoch and sequence is given out twice: power lost at each operation, entries rotted, the journal lost. */
#include <stdio.h>
#include <string.h>

#include "core/sequence.h"
#include "test/flash.h"
#include "test/host.h"

#define PAGE_BYTES 64u
#define FIRST_EPOCH 1700000000u

struct last {
  bool any;
  uint32_t boot_epoch;
  uint32_t number;
};

static void expect_later(struct last *last, uint32_t boot_epoch, uint32_t number) {
  CHECK(!last->any || boot_epoch > last->boot_epoch || (boot_epoch == last->boot_epoch && number > last->number));
  *last = (struct last){true, boot_epoch, number};
}

/* Takes up to `count`; false where the power was lost. */
static bool take(struct sequence *sequence, struct last *last, unsigned count) {
  while (count-- > 0) {
    uint32_t boot_epoch, number;
    if (sequence_take(sequence, &boot_epoch, &number) != STATUS_OK) return false;
    expect_later(last, boot_epoch, number);
  }
  return true;
}

/* Power lost at the n-th operation for each n, then again soon after: 40 starts, each of which uses up several entries. */
static unsigned cut_everywhere(void) {
  unsigned cuts = 0;
  for (int64_t cut = 0; cut < 120; cut++) {
    for (uint32_t seed = 1; seed <= 8; seed++) {
      /* The same fresh epoch each time: a journal that was lost would give it out again. */
      struct flash flash;
      struct last last = {0};
      flash_init(&flash, PAGE_BYTES, 2, seed + (uint32_t)cut * 100);
      flash.operations_left = cut;
      const struct storage storage = flash_storage(&flash);
      for (unsigned start = 0; start < 40; start++) {
        struct sequence sequence;
        CHECK(sequence_mount(&sequence, &storage, FIRST_EPOCH) == STATUS_OK);
        if (take(&sequence, &last, 1 + next_random(&flash.random) % (5 * SEQUENCE_RESERVE))) continue;
        cuts++;
        flash_revive(&flash, next_random(&flash.random) % 3 == 0 ? 0 : (int64_t)(next_random(&flash.random) % 20));
      }
      CHECK(last.any);
    }
  }
  return cuts;
}

/* The newest entry has rotted: the next pair is later all the same. */
static void rotten_entry(void) {
  for (uint32_t seed = 1; seed <= 500; seed++) {
    struct flash flash;
    struct last last = {0};
    struct sequence sequence;
    flash_init(&flash, PAGE_BYTES, 2, seed);
    const struct storage storage = flash_storage(&flash);
    CHECK(sequence_mount(&sequence, &storage, FIRST_EPOCH) == STATUS_OK);
    CHECK(take(&sequence, &last, 3 + next_random(&flash.random) % (9 * SEQUENCE_RESERVE)));
    uint8_t *newest = flash.bytes + sequence.page * PAGE_BYTES + sequence.offset - SEQUENCE_ENTRY_BYTES;
    newest[next_random(&flash.random) % SEQUENCE_ENTRY_BYTES] ^= (uint8_t)(1u << next_random(&flash.random) % 8);
    /* A first entry has none before it to count from: the time has gone on. */
    CHECK(sequence_mount(&sequence, &storage, FIRST_EPOCH + 1) == STATUS_OK);
    CHECK(take(&sequence, &last, 1));
  }
}

static void ends(void) {
  struct flash flash;
  struct sequence sequence;
  uint32_t boot_epoch, number;
  flash_init(&flash, PAGE_BYTES, 2, 1);
  const struct storage storage = flash_storage(&flash);
  CHECK(sequence_mount(&sequence, &storage, 0) == STATUS_NO_CLOCK);
  CHECK(sequence_mount(&sequence, &storage, 7) == STATUS_OK);
  sequence.next = sequence.bound = 0xfffffffeu;
  CHECK(sequence_take(&sequence, &boot_epoch, &number) == STATUS_OK && boot_epoch == 7 && number == 0xfffffffeu);
  CHECK(sequence_take(&sequence, &boot_epoch, &number) == STATUS_OK && boot_epoch == 8 && number == 0);
  CHECK(sequence_mount(&sequence, &storage, 0) == STATUS_OK);
  CHECK(sequence_take(&sequence, &boot_epoch, &number) == STATUS_OK && boot_epoch == 8 && number == SEQUENCE_RESERVE);
  sequence.boot_epoch = 0xffffffffu;
  sequence.next = sequence.bound = 0xffffffffu;
  CHECK(sequence_take(&sequence, &boot_epoch, &number) == STATUS_INVALID);
}

void test_sequence(void) {
  const unsigned cuts = cut_everywhere();
  rotten_entry();
  ends();
  printf("sequence: power lost %u times, 500 rotten entries, no pair twice\n", cuts);
}
