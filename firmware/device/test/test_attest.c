/*
 * A device that is asked, with a bridge that hands its open challenge out again on each connection, a link that is lost at any
 * moment, and a TPM that fails at times, or has a PCR extended between quote and values. Whatever happens, an answer is one to
 * the open challenge and in time, it is the same bytes however often it is sent, and what is asked over a link that holds is answered.
 */
#include <stdio.h>
#include <string.h>

#include "core/attest.h"
#include "core/bytes.h"
#include "core/measure.h"
#include "test/flash.h"
#include "test/host.h"

#define ATTEST_MS 200u

static struct {
  uint32_t random;
  uint32_t now;
  /* The device's time of day: right, wrong, or not known. */
  int32_t clock_offset;
  bool is_clockless;
  uint32_t handed_out;
  /* Over the connection that there is. */
  bool is_handed_out, is_sent;
  bool is_up;
  uint8_t challenge[CHALLENGE_BYTES_MAX];
  size_t challenge_length;
  uint32_t id;
  uint32_t deadline;
  /* What came for the open challenge. */
  uint8_t evidence[EVIDENCE_BYTES_MAX];
  size_t length;
  bool is_acknowledged;
  uint32_t ticket;
  uint32_t resets;
  uint32_t quotes;
  uint8_t pcr14[SHA256_BYTES];
  unsigned resent, failed, moved;
} world;

static bool by_chance(uint32_t one_of) {
  return next_random(&world.random) % one_of == 0;
}

#define START_MS 1700000000000u

static uint32_t world_ticks(void *port) {
  (void)port;
  return world.now;
}

static uint64_t time_of_day(uint32_t now) {
  return START_MS + (uint32_t)(now + 5001);
}

static bool world_unix_ms(void *port, uint64_t *now_ms) {
  (void)port;
  *now_ms = (uint64_t)((int64_t)time_of_day(world.now) + world.clock_offset);
  return !world.is_clockless;
}

static const struct clock CLOCK = {.unix_ms = world_unix_ms, .ticks_ms = world_ticks};

static enum status world_extend(void *port, uint32_t pcr, const uint8_t digest[32]) {
  struct sha256 hash;
  (void)port;
  CHECK(pcr == 14);
  sha256_init(&hash);
  sha256_update(&hash, world.pcr14, sizeof world.pcr14);
  sha256_update(&hash, digest, 32);
  sha256_final(&hash, world.pcr14);
  return STATUS_OK;
}

/* Of the SHA-1 bank there is none. */
static enum status world_pcr(void *port, uint32_t bank, uint32_t pcr, uint8_t value[TPM_DIGEST_BYTES_MAX],
                             size_t *length) {
  (void)port;
  if (bank != TPM_SHA256) return STATUS_NONE;
  memset(value, 0, SHA256_BYTES);
  if (pcr == 14) memcpy(value, world.pcr14, SHA256_BYTES);
  *length = SHA256_BYTES;
  return STATUS_OK;
}

static enum status world_quote(void *port, const uint8_t *nonce, size_t nonce_length, const struct tpm_pcrs *banks,
                               uint32_t bank_count, struct tpm_quote *quote) {
  static const uint8_t NOTHING[SHA256_BYTES] = {1};
  struct sha256 hash;
  (void)port;
  if (by_chance(8)) {
    world.failed++;
    return STATUS_TPM;
  }
  sha256_init(&hash);
  for (uint32_t i = 0; i < bank_count; i++) {
    for (uint32_t pcr = 0; pcr < TPM_PCRS; pcr++) {
      uint8_t value[TPM_DIGEST_BYTES_MAX];
      size_t length;
      if ((banks[i].pcrs >> pcr & 1) != 0 && world_pcr(NULL, banks[i].bank, pcr, value, &length) == STATUS_OK)
        sha256_update(&hash, value, length);
    }
  }
  uint8_t *at = quote->attest;
  memcpy(at, "\xff\x54\x43\x47\x80\x18\x00\x02\xab\xcd", 10);
  put_u16(at + 10, (uint32_t)nonce_length);
  memcpy(at + 12, nonce, nonce_length);
  at += 12 + nonce_length;
  /* A clock that goes on: no two quotes are the same. */
  put_u64(at, ++world.quotes);
  put_u32(at + 8, world.resets);
  memset(at + 12, 0, 13);
  put_u16(at + 25, SHA256_BYTES);
  sha256_final(&hash, at + 27);
  quote->attest_length = (size_t)(at + 27 + SHA256_BYTES - quote->attest);
  quote->signature_length = 72;
  memset(quote->signature, 0x5a, 72);
  /* A chip takes its time. */
  if (by_chance(20)) world.now += next_random(&world.random) % ATTEST_MS;
  if (by_chance(6)) {
    world.moved++;
    (void)world_extend(NULL, 14, NOTHING);
  }
  return STATUS_OK;
}

static const struct tpm TPM = {.extend = world_extend, .pcr = world_pcr, .quote = world_quote};

static void expect_evidence(const uint8_t *bytes, size_t length) {
  const uint8_t *end = bytes + length, *at = bytes + 6;
  const uint32_t flags = bytes[1];
  CHECK(bytes[0] == 1 && get_u32(bytes + 2) == world.id);
  CHECK((flags & ~3u) == 0);
  const uint32_t quote = get_u16(at);
  CHECK(memcmp(at + 2 + 12, world.challenge + 32, get_u16(world.challenge + 30)) == 0);
  at += 2 + quote;
  CHECK(get_u16(at) == 72);
  at += 2 + 72;
  if ((flags & 1) != 0) at += 2 + get_u16(at);
  CHECK((flags & 2) != 0 || ((world.challenge[1] & 1) == 0 && get_u32(world.challenge + 26) == world.resets));
  if ((flags & 2) != 0) at += 4 + get_u32(at);
  CHECK(at == end);
}

static enum status world_publish(void *port, enum radio_channel channel, const uint8_t *bytes, size_t length,
                                 uint32_t *ticket) {
  (void)port;
  if (!world.is_up || by_chance(10)) return STATUS_RADIO;
  CHECK(channel == RADIO_EVIDENCE);
  CHECK(world.is_handed_out && !world.is_sent);
  world.is_sent = true;
  CHECK((int32_t)(world.now - world.handed_out) <= (int32_t)ATTEST_MS);
  const bool is_early = (int32_t)(world.deadline - world.handed_out) >= (int32_t)(ATTEST_MS / 4);
  CHECK(world.is_clockless || world.clock_offset != 0 || !is_early || (int32_t)(world.now - world.deadline) <= 0);
  expect_evidence(bytes, length);
  if (world.length > 0) {
    world.resent++;
    CHECK(!world.is_acknowledged && length == world.length && memcmp(bytes, world.evidence, length) == 0);
  }
  memcpy(world.evidence, bytes, length);
  world.length = length;
  *ticket = ++world.ticket;
  return STATUS_OK;
}

static const struct radio RADIO = {.publish = world_publish};

static void ask(void) {
  const uint32_t nonce_length = 1 + next_random(&world.random) % NONCE_BYTES_MAX;
  uint8_t *at = world.challenge;
  world.length = 0;
  world.is_handed_out = world.is_sent = false;
  world.is_acknowledged = false;
  /* An engine without its data begins the ids anew. */
  world.id = by_chance(5) ? 1 : world.id + 1;
  world.deadline = world.now + ATTEST_MS;
  at[0] = 1;
  at[1] = (uint8_t)(next_random(&world.random) % 4);
  put_u32(at + 2, world.id);
  put_u64(at + 6, time_of_day(world.now));
  put_u64(at + 14, time_of_day(world.now) + ATTEST_MS);
  put_u32(at + 22, 7);
  put_u32(at + 26, by_chance(2) ? world.resets : UINT32_MAX);
  put_u16(at + 30, nonce_length);
  at += 32;
  for (uint32_t i = 0; i < nonce_length; i++) *at++ = (uint8_t)next_random(&world.random);
  const uint32_t banks = 1 + next_random(&world.random) % 2;
  put_u32(at, banks);
  at += 4;
  for (uint32_t i = 0; i < banks; i++) {
    put_u16(at, i == 0 ? TPM_SHA256 : 4);
    at[2] = 3;
    for (unsigned byte = 0; byte < 3; byte++) at[3 + byte] = (uint8_t)next_random(&world.random);
    at += 6;
  }
  world.challenge_length = (size_t)(at - world.challenge);
}

static bool is_open(void) {
  return world.challenge_length > 0 && (int32_t)(world.now - world.deadline) <= 0;
}

static void hand_out(struct attest *attest) {
  if (!world.is_up || !is_open()) return;
  if (!world.is_handed_out) world.handed_out = world.now;
  world.is_handed_out = true;
  attest_challenged(attest, world.challenge, world.challenge_length, &CLOCK);
}

static void turn(struct attest *attest) {
  if (!world.is_up) {
    if (!by_chance(6)) return;
    world.is_up = true;
    world.is_handed_out = world.is_sent = false;
    hand_out(attest);
  }
  if (by_chance(12) || attest_turn(attest, &TPM, &RADIO, &CLOCK) != STATUS_OK) {
    world.is_up = false;
    attest_lost_link(attest);
  } else if (attest->state == ATTEST_SENT && by_chance(2)) {
    CHECK(!attest_acknowledged(attest, world.ticket + 1));
    CHECK(attest_acknowledged(attest, world.ticket));
    world.is_acknowledged = true;
  } else if (by_chance(4)) {
    /* MQTT may deliver twice. */
    hand_out(attest);
  }
}

static enum status image_of(void *port, uint32_t at, uint8_t *into, uint32_t room, uint32_t *got) {
  *got = at < 300 ? (300 - at < room ? 300 - at : room) : 0;
  memset(into, *(uint8_t *)port, *got);
  return STATUS_OK;
}

/* The same image again changes nothing; another one is seen in PCR and log. */
static void measures_once(void) {
  static uint8_t content = 1;
  const struct image image = {.port = &content, .read = image_of};
  struct boot_log first, again, other;
  uint8_t value[SHA256_BYTES];
  memset(&world, 0, sizeof world);
  boot_log_begin(&first);
  again = other = first;
  CHECK(measure_boot(&TPM, &image, 14, &first) == STATUS_OK);
  memcpy(value, world.pcr14, sizeof value);
  CHECK(measure_boot(&TPM, &image, 14, &again) == STATUS_OK);
  CHECK(memcmp(value, world.pcr14, sizeof value) == 0 && memcmp(&first, &again, sizeof first) == 0);
  content = 2;
  CHECK(measure_boot(&TPM, &image, 14, &other) == STATUS_OK);
  CHECK(memcmp(value, world.pcr14, sizeof value) != 0 && memcmp(first.bytes, other.bytes, first.length) != 0);
}

void test_attest(void) {
  static struct attest attest;
  unsigned asked = 0, answered = 0, resent = 0, failed = 0, moved = 0;
  measures_once();
  for (uint32_t seed = 1; seed <= 400; seed++) {
    memset(&world, 0, sizeof world);
    world.random = seed * 2654435761u + 1;
    world.clock_offset = seed % 3 == 1 ? (int32_t)(next_random(&world.random) % 100000) - 50000 : 0;
    world.is_clockless = seed % 3 == 2;
    /* The ticks wrap on the way. */
    world.now = UINT32_MAX - 5000;
    attest_init(&attest);
    CHECK(boot_log_add(&attest.log, 14, BOOT_EVENT_IPL, world.pcr14, "x") == STATUS_OK);
    for (unsigned challenges = 0; challenges < 40; challenges++) {
      if (by_chance(7)) world.resets++;
      ask();
      asked++;
      hand_out(&attest);
      while (is_open()) {
        turn(&attest);
        world.now += 1 + next_random(&world.random) % 20;
      }
      /* Its time is over; the device may still have it, and must not send it. */
      for (unsigned late = next_random(&world.random) % 5; late > 0; late--) turn(&attest);
      if (by_chance(2)) world.challenge_length = 0;
    }
    /* A link that holds. */
    world.is_up = true;
    ask();
    const uint32_t before = attest.answered;
    for (unsigned tries = 0; tries < 100 && attest.answered == before && is_open(); tries++) {
      hand_out(&attest);
      if (attest_turn(&attest, &TPM, &RADIO, &CLOCK) != STATUS_OK) attest_lost_link(&attest);
      if (attest.state == ATTEST_SENT) CHECK(attest_acknowledged(&attest, world.ticket));
    }
    CHECK(attest.answered == before + 1 || attest.tries == 5);
    answered += attest.answered;
    resent += world.resent;
    failed += world.failed;
    moved += world.moved;
  }
  CHECK(answered > asked / 2 && answered < asked && resent > 100 && failed > 100 && moved > 100);
  printf("attest: %u challenges, %u answered, %u answers sent again, %u failures of the TPM, %u PCRs that moved\n", asked,
         answered, resent, failed, moved);
}
