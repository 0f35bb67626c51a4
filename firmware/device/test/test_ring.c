/* What was appended and not released is there after any loss of power, whole and in its order; a model says what is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ring.h"
#include "test/flash.h"
#include "test/host.h"

#define PAGE_BYTES 512u
#define PAGES 5u
#define RECORDS_MAX 4096u

struct model {
  uint32_t appended;
  uint32_t released;
  /* By the release in which the power was lost, at most. */
  uint32_t releasing;
  uint32_t read;
  struct ring_position positions[RECORDS_MAX];
};

static void record_make(struct ring_record *record, uint32_t number) {
  uint32_t random = number * 2654435761u + 1;
  record->boot_epoch = 5;
  record->sequence = number;
  record->time_ms = number % 7 == 0 ? RING_NO_TIME : 1700000000000u + number;
  record->length = next_random(&random) % 13 == 0 ? RING_FRAME_BYTES_MAX : next_random(&random) % 70;
  for (uint32_t i = 0; i < record->length; i++) record->frame[i] = (uint8_t)next_random(&random);
}

static void expect_record(const struct ring_record *record, uint32_t number) {
  struct ring_record expected;
  record_make(&expected, number);
  CHECK(record->boot_epoch == 5 && record->sequence == number && record->time_ms == expected.time_ms);
  CHECK(record->length == expected.length && memcmp(record->frame, expected.frame, expected.length) == 0);
}

/* After a mount: from a record that was released, or the first that was not, to the last. */
static void expect_all(struct ring *ring, struct model *model) {
  struct ring_record record;
  struct ring_position position;
  uint32_t next = 0, count = 0;
  const uint32_t waiting = ring->waiting;
  while (ring_next(ring, &record, &position) == STATUS_OK) {
    if (count == 0) CHECK(record.sequence <= model->releasing);
    else CHECK(record.sequence == next);
    expect_record(&record, record.sequence);
    model->positions[record.sequence % RECORDS_MAX] = position;
    next = record.sequence + 1;
    count++;
  }
  CHECK(count == waiting);
  /* The one in which the power was lost may be there. */
  CHECK(count == 0 ? model->releasing == model->appended : next == model->appended || next == model->appended + 1);
  if (count > 0) {
    model->released = next - count;
    model->appended = next;
  } else {
    model->released = model->appended;
  }
  model->releasing = model->released;
  model->read = model->released;
  ring_rewind(ring);
}

/* One operation by chance; false where the power was lost in it. */
static bool step(struct ring *ring, struct model *model, uint32_t chance, uint32_t *full) {
  struct ring_record record;
  struct ring_position position;
  const uint32_t in_flight = model->read - model->released;
  if (chance % 8 < 4) {
    record_make(&record, model->appended);
    const enum status status = ring_append(ring, &record);
    if (status == STATUS_FULL) {
      CHECK(ring->waiting > 0);
      (*full)++;
      return true;
    }
    if (status != STATUS_OK) return false;
    model->appended++;
  } else if (chance % 8 < 6) {
    const enum status status = ring_next(ring, &record, &position);
    if (status == STATUS_NONE) {
      CHECK(model->read == model->appended);
      return true;
    }
    if (status != STATUS_OK) return false;
    expect_record(&record, model->read);
    model->positions[model->read++ % RECORDS_MAX] = position;
  } else if (chance % 8 == 6 && in_flight > 0) {
    const uint32_t count = 1 + (chance >> 8) % in_flight;
    const uint32_t last = model->released + count - 1;
    model->releasing = model->released + count;
    if (ring_release(ring, model->positions[last % RECORDS_MAX], count) != STATUS_OK) return false;
    model->released += count;
  } else if (chance % 64 == 7) {
    ring_rewind(ring);
    model->read = model->released;
  } else if (chance % 64 == 15 && in_flight > 0) {
    ring_unread(ring, model->positions[(model->read - 1) % RECORDS_MAX], 1);
    model->read--;
  }
  CHECK(ring->waiting == model->appended - model->released && ring->waiting_unread == model->appended - model->read);
  return true;
}

static void run(int64_t cut, uint32_t seed, unsigned *cuts, uint32_t *full) {
  static struct model model;
  struct flash flash;
  struct ring ring;
  memset(&model, 0, sizeof model);
  flash_init(&flash, PAGE_BYTES, PAGES, seed);
  const struct storage storage = flash_storage(&flash);
  CHECK(ring_mount(&ring, &storage) == STATUS_OK);
  flash.operations_left = cut;
  for (unsigned i = 0; i < 400; i++) {
    if (step(&ring, &model, next_random(&flash.random), full)) continue;
    (*cuts)++;
    /* It may be lost again while it starts. */
    do flash_revive(&flash, (int64_t)(next_random(&flash.random) % 60));
    while (ring_mount(&ring, &storage) != STATUS_OK);
    expect_all(&ring, &model);
  }
  flash_revive(&flash, -1);
  CHECK(ring_mount(&ring, &storage) == STATUS_OK);
  expect_all(&ring, &model);
}

/* A bit that flips in a frame costs that one alone. */
static void rotten_record(void) {
  struct flash flash;
  struct ring ring;
  struct ring_record record;
  struct ring_position position;
  flash_init(&flash, PAGE_BYTES, PAGES, 1);
  const struct storage storage = flash_storage(&flash);
  CHECK(ring_mount(&ring, &storage) == STATUS_OK);
  for (uint32_t i = 1; i < 12; i++) {
    record_make(&record, i);
    CHECK(ring_append(&ring, &record) == STATUS_OK);
  }
  for (uint32_t i = 1; i <= 3; i++) CHECK(ring_next(&ring, &record, &position) == STATUS_OK);
  flash.bytes[position.page * PAGE_BYTES + position.offset + 8 + 3] ^= 1;
  CHECK(ring_mount(&ring, &storage) == STATUS_OK);
  CHECK(ring.waiting == 10 && ring.damaged == 1);
  for (uint32_t i = 1; i < 12; i++) {
    if (i == 3) continue;
    CHECK(ring_next(&ring, &record, &position) == STATUS_OK);
    expect_record(&record, i);
  }
  CHECK(ring_next(&ring, &record, &position) == STATUS_NONE);
}

/* A programming that fails, with no loss of power: what comes after it is found all the same. */
static void failed_append(void) {
  for (uint32_t seed = 1; seed <= 200; seed++) {
    struct flash flash;
    struct ring ring;
    struct ring_record record;
    struct ring_position position;
    flash_init(&flash, PAGE_BYTES, PAGES, seed);
    const struct storage storage = flash_storage(&flash);
    CHECK(ring_mount(&ring, &storage) == STATUS_OK);
    record_make(&record, 1);
    CHECK(ring_append(&ring, &record) == STATUS_OK);
    flash.operations_left = 0;
    record_make(&record, 2);
    flash.is_failing_once = true;
    CHECK(ring_append(&ring, &record) == STATUS_STORAGE);
    flash_revive(&flash, -1);
    for (uint32_t i = 2; i < 6; i++) {
      record_make(&record, i);
      CHECK(ring_append(&ring, &record) == STATUS_OK);
    }
    for (unsigned mount = 0; mount < 2; mount++) {
      uint32_t last = 0;
      while (ring_next(&ring, &record, &position) == STATUS_OK) {
        /* That of the failure may be whole, and is the same reading then. */
        CHECK(record.sequence == last + 1 || (record.sequence == 2 && last == 2));
        expect_record(&record, record.sequence);
        last = record.sequence;
      }
      CHECK(last == 5);
      CHECK(ring_mount(&ring, &storage) == STATUS_OK);
    }
  }
}

/* A page whose head has rotted is lost, and no other; what is counted is what can be read. */
static void rotten_page(void) {
  struct flash flash;
  struct ring ring;
  struct ring_record record;
  struct ring_position position;
  uint32_t number = 0, read = 0;
  flash_init(&flash, PAGE_BYTES, PAGES, 1);
  const struct storage storage = flash_storage(&flash);
  CHECK(ring_mount(&ring, &storage) == STATUS_OK);
  do record_make(&record, ++number);
  while (ring_append(&ring, &record) == STATUS_OK);
  flash.bytes[2 * PAGE_BYTES] ^= 1;
  CHECK(ring_mount(&ring, &storage) == STATUS_OK);
  const uint32_t waiting = ring.waiting;
  while (ring_next(&ring, &record, &position) == STATUS_OK) {
    CHECK(position.page != 2);
    read++;
  }
  CHECK(read == waiting && waiting < number - 1 && record.sequence == number - 1);
}

void test_ring(void) {
  unsigned cuts = 0;
  uint32_t full = 0;
  for (int64_t cut = 0; cut < 200; cut++) {
    for (uint32_t seed = 1; seed <= 10; seed++) run(cut, seed * 1000 + (uint32_t)cut, &cuts, &full);
  }
  rotten_record();
  failed_append();
  rotten_page();
  CHECK(full > 1000);
  printf("ring: power lost %u times, full %u times, nothing lost or altered\n", cuts, (unsigned)full);
}
