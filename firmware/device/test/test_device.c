/*
 * A device with everything around it simulated: its flash loses power, its link comes and goes, and a bridge that reads the
 * envelopes as the receiver does. Whatever happens, each reading that was stored arrives, and no pair of boot epoch and
 * sequence comes with two contents.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/device.h"
#include "test/flash.h"
#include "test/host.h"

#define FRAMES_MAX 20000u
#define EPOCH_S 1700000000u

struct arrived {
  uint32_t boot_epoch;
  uint32_t sequence;
  uint64_t time_ms;
  uint8_t payload[FRAME_BYTES_MAX];
  uint32_t length;
};

static struct {
  struct flash journal;
  struct flash ring;
  uint32_t random;
  uint64_t now_ms;
  bool is_clockless;
  bool is_connecting;
  bool is_up;
  /* A bridge that hands out challenges, or what it takes for some, without end. */
  bool is_flooding;
  uint32_t next_ticket;
  uint32_t unanswered[DEVICE_WINDOW];
  uint32_t unanswered_count;
  struct arrived arrived[FRAMES_MAX];
  uint32_t arrived_count;
  uint32_t stored[FRAMES_MAX][2];
  uint32_t stored_count;
  uint32_t signatures;
  uint32_t sessions;
  uint32_t extended;
  unsigned lost_links;
  unsigned lost_powers;
} world;

static void arrive(uint32_t boot_epoch, uint32_t sequence, uint64_t time_ms, const uint8_t *payload, uint32_t length) {
  /* Repeats are of the last few, so that looking from the end is quick. */
  for (uint32_t i = world.arrived_count; i-- > 0;) {
    const struct arrived *other = &world.arrived[i];
    if (other->boot_epoch != boot_epoch || other->sequence != sequence) continue;
    CHECK(other->time_ms == time_ms && other->length == length && memcmp(other->payload, payload, length) == 0);
    return;
  }
  if (world.arrived_count > 0) {
    const struct arrived *last = &world.arrived[world.arrived_count - 1];
    CHECK(boot_epoch > last->boot_epoch || (boot_epoch == last->boot_epoch && sequence > last->sequence));
  }
  CHECK(world.arrived_count < FRAMES_MAX && length <= FRAME_BYTES_MAX);
  struct arrived *now = &world.arrived[world.arrived_count++];
  *now = (struct arrived){.boot_epoch = boot_epoch, .sequence = sequence, .time_ms = time_ms, .length = length};
  memcpy(now->payload, payload, length);
}

static void receive(const uint8_t *bytes, size_t length) {
  const uint8_t mode = bytes[3];
  const uint8_t *at = bytes + 15 + bytes[14];
  const uint32_t boot_epoch = get_u32(at), sequence = get_u32(at + 4);
  CHECK(bytes[5] == 1);
  const uint64_t time_ms = get_u64(at + 8);
  at += 16;
  if (mode == MODE_BATCH) {
    const uint32_t count = get_u16(at);
    at += BATCH_FIELD_BYTES + 4;
    for (uint32_t i = 0; i < count; i++) {
      const uint32_t size = get_u16(at);
      arrive(boot_epoch, sequence + i, time_ms + (uint64_t)(int64_t)(int32_t)get_u32(at + 2), at + 6, size);
      at += 6 + size;
    }
    CHECK(at + P256_SIGNATURE_BYTES == bytes + length);
    return;
  }
  if (mode == MODE_SESSION) {
    const uint32_t first = get_u32(at + 16);
    CHECK(first <= sequence && sequence - first < SESSION_FRAMES_MAX);
    CHECK(get_u64(at + 8) + SESSION_MS_MAX >= world.now_ms);
    at += SESSION_FIELD_BYTES;
  }
  arrive(boot_epoch, sequence, time_ms, at + 4, get_u32(at));
}

static bool world_unix_ms(void *port, uint64_t *now_ms) {
  (void)port;
  *now_ms = world.now_ms;
  return !world.is_clockless;
}

static uint32_t world_ticks(void *port) {
  (void)port;
  return (uint32_t)world.now_ms;
}

static enum status world_random(void *port, void *into, uint32_t length) {
  (void)port;
  for (uint32_t i = 0; i < length; i++) ((uint8_t *)into)[i] = (uint8_t)next_random(&world.random);
  return STATUS_OK;
}

static enum status world_connect(void *port) {
  (void)port;
  world.is_connecting = true;
  return STATUS_OK;
}

static enum status world_publish(void *port, enum radio_channel channel, const uint8_t *bytes, size_t length,
                                 uint32_t *ticket) {
  (void)port;
  if (!world.is_up) return STATUS_RADIO;
  CHECK(channel == RADIO_FRAMES);
  CHECK(world.unanswered_count < DEVICE_WINDOW);
  receive(bytes, length);
  *ticket = world.next_ticket++;
  world.unanswered[world.unanswered_count++] = *ticket;
  return STATUS_OK;
}

static enum status world_poll(void *port, uint32_t wait_ms, struct radio_event *event) {
  (void)port;
  *event = (struct radio_event){.kind = RADIO_NOTHING};
  if (world.is_connecting) {
    world.is_connecting = false;
    world.unanswered_count = 0;
    world.is_up = next_random(&world.random) % 4 != 0;
    event->kind = world.is_up ? RADIO_UP : RADIO_DOWN;
  } else if (world.is_up && next_random(&world.random) % 50 == 0) {
    world.is_up = false;
    world.lost_links++;
    event->kind = RADIO_DOWN;
  } else if (world.is_up && world.unanswered_count > 0 && next_random(&world.random) % 3 != 0) {
    *event = (struct radio_event){.kind = RADIO_ACKNOWLEDGED, .ticket = world.unanswered[0]};
    memmove(world.unanswered, world.unanswered + 1, --world.unanswered_count * sizeof world.unanswered[0]);
  } else if (world.is_flooding && world.is_up) {
    static const uint8_t NONSENSE[40] = {1, 3};
    *event = (struct radio_event){.kind = RADIO_CHALLENGE, .bytes = NONSENSE, .length = sizeof NONSENSE};
  } else {
    world.now_ms += wait_ms == 0 ? 1 : wait_ms;
  }
  return STATUS_OK;
}

static enum status world_public_key(void *port, uint8_t point[64]) {
  (void)port;
  memset(point, 7, 64);
  return STATUS_OK;
}

static enum status world_sign(void *port, const uint8_t digest[32], uint8_t signature[64]) {
  (void)port;
  memcpy(signature, digest, 32);
  memcpy(signature + 32, digest, 32);
  world.signatures++;
  return STATUS_OK;
}

static enum status world_agree(void *port, const uint8_t other[64], uint8_t secret[32]) {
  (void)port;
  memcpy(secret, other, 32);
  world.sessions++;
  return STATUS_OK;
}

static enum status world_extend(void *port, uint32_t pcr, const uint8_t digest[32]) {
  (void)port;
  (void)digest;
  CHECK(pcr == 14);
  world.extended++;
  return STATUS_OK;
}

/* Extended or not, it never holds this image alone: each start measures. */
static enum status world_pcr(void *port, uint32_t bank, uint32_t pcr, uint8_t value[TPM_DIGEST_BYTES_MAX],
                             size_t *length) {
  (void)port;
  CHECK(bank == TPM_SHA256 && pcr == 14);
  memset(value, (int)world.extended, SHA256_BYTES);
  *length = SHA256_BYTES;
  return STATUS_OK;
}

static enum status world_read(void *port, struct sensor_reading *reading) {
  (void)port;
  const uint32_t random = next_random(&world.random);
  *reading = (struct sensor_reading){
      .adc = (uint16_t)(random % 4096), .supply_mv = 3300, .noise_db = 50, .temperature = (int16_t)random, .humidity = 500};
  return STATUS_OK;
}

static enum status world_image(void *port, uint32_t at, uint8_t *into, uint32_t room, uint32_t *got) {
  (void)port;
  *got = at < 1000 ? (1000 - at < room ? 1000 - at : room) : 0;
  memset(into, 0x5a, *got);
  return STATUS_OK;
}

static struct device_ports ports(void) {
  return (struct device_ports){
      .journal = flash_storage(&world.journal),
      .ring = flash_storage(&world.ring),
      .clock = {.unix_ms = world_unix_ms, .ticks_ms = world_ticks},
      .entropy = {.random = world_random},
      .radio = {.connect = world_connect, .publish = world_publish, .poll = world_poll},
      .tpm = {.public_key = world_public_key, .sign = world_sign, .agree = world_agree, .extend = world_extend, .pcr = world_pcr},
      .sensor = {.read = world_read},
      .image = {.read = world_image},
  };
}

static void power_back(int64_t operations) {
  flash_revive(&world.journal, operations);
  flash_revive(&world.ring, operations);
  world.is_up = world.is_connecting = false;
  world.now_ms += 1000;
}

/* Until the power goes, or `turns` are over; a turn of chance takes readings, and the link has its own. */
static void live(struct device *device, const struct device_config *config, unsigned turns, bool is_reading) {
  const struct device_ports all = ports();
  if (device_start(device, config, &all) != STATUS_OK) return;
  device->is_flushing = !is_reading;
  for (unsigned turn = 0; turn < turns; turn++) {
    uint32_t readings = is_reading ? next_random(&world.random) % 6 : 0;
    while (readings-- > 0) {
      uint32_t boot_epoch, sequence;
      const enum status status = device_read(device, &boot_epoch, &sequence);
      if (status == STATUS_FULL) break;
      if (status != STATUS_OK) return;
      CHECK(world.stored_count < FRAMES_MAX);
      world.stored[world.stored_count][0] = boot_epoch;
      world.stored[world.stored_count++][1] = sequence;
    }
    /* The time of day may be lost for a while, and a session may grow old between two readings. */
    world.is_clockless = next_random(&world.random) % 20 == 0;
    const enum status status = device_turn(device, 100);
    world.is_clockless = false;
    if (status != STATUS_OK) return;
    if (is_reading && next_random(&world.random) % 200 == 0) world.now_ms += SESSION_MS_MAX;
    if (!is_reading && device->ring.waiting == 0) return;
  }
}

/* A stored reading arrives in its order, so that one walk finds all of them. */
static void expect_all_arrived(void) {
  uint32_t at = 0;
  for (uint32_t i = 0; i < world.stored_count; i++) {
    while (at < world.arrived_count && (world.arrived[at].boot_epoch != world.stored[i][0] ||
                                        world.arrived[at].sequence != world.stored[i][1]))
      at++;
    CHECK(at < world.arrived_count);
  }
}

static void live_through(enum envelope_mode mode, uint32_t seed) {
  static struct device device;
  const struct device_config config = {
      .device_id = "roof-7",
      .device_id_length = 6,
      .frame = FRAME_NUCLEO,
      .identity = "000000000042",
      .mode = mode,
      .batch = 1 + seed % 40,
      .linger_ms = 300,
      .measure_pcr = 14,
  };
  const unsigned links = world.lost_links, powers = world.lost_powers;
  memset(&world, 0, sizeof world);
  world.lost_links = links;
  world.lost_powers = powers;
  world.random = seed * 2654435761u + 1;
  world.now_ms = (uint64_t)EPOCH_S * 1000;
  world.is_flooding = seed % 3 == 0;
  flash_init(&world.journal, 64, 2, seed);
  flash_init(&world.ring, 2048, 6, seed + 1);
  for (unsigned start = 0; start < 12; start++) {
    power_back((int64_t)(next_random(&world.random) % 150));
    live(&device, &config, 100, true);
    if (world.journal.is_dead || world.ring.is_dead) world.lost_powers++;
  }
  power_back(-1);
  live(&device, &config, 100000, false);
  CHECK(device.ring.waiting == 0 && world.extended > 0);
  CHECK(mode == MODE_SESSION ? world.signatures == 0 && world.sessions > 0 : world.sessions == 0);
  expect_all_arrived();
}

void test_device(void) {
  uint32_t readings = 0;
  for (uint32_t seed = 1; seed <= 300; seed++) {
    for (int mode = MODE_FRAME; mode <= MODE_SESSION; mode++) {
      live_through((enum envelope_mode)mode, seed);
      readings += world.stored_count;
    }
  }
  CHECK(world.lost_links > 100 && world.lost_powers > 100);
  printf("device: %u readings in three modes, link lost %u times, power %u times, every reading arrived\n",
         (unsigned)readings, world.lost_links, world.lost_powers);
}
