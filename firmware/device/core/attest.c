#include "core/attest.h"

#include <string.h>

/* Whatever the TPM fails at may be over in a moment. */
#define TRIES_MAX 5u

void attest_init(struct attest *attest) {
  memset(attest, 0, sizeof *attest);
  boot_log_begin(&attest->log);
}

/*
 * A challenge that is handed out is open. Where the time of day does not fit that, or leaves hardly any time, it is wrong, and
 * the challenge is taken for one that was issued just now: a clock that is a little ahead must not keep a device from answering.
 */
static uint32_t left_ms(const struct challenge *challenge, const struct clock *clock) {
  uint64_t now_ms;
  if (!clock->unix_ms(clock->port, &now_ms) || now_ms < challenge->issued_ms) return challenge->within_ms;
  const uint64_t age_ms = now_ms - challenge->issued_ms;
  const uint32_t within_ms = challenge->within_ms;
  return age_ms <= within_ms - within_ms / 4 ? within_ms - (uint32_t)age_ms : within_ms;
}

void attest_challenged(struct attest *attest, const uint8_t *bytes, size_t length, const struct clock *clock) {
  struct challenge challenge;
  if (challenge_parse(bytes, length, &challenge) != STATUS_OK) {
    attest->failed++;
    return;
  }
  const uint32_t until = clock->ticks_ms(clock->port) + left_ms(&challenge, clock);
  if (attest->state != ATTEST_IDLE && challenge_is_same(&challenge, &attest->challenge)) {
    if (attest->state != ATTEST_KEPT) return;
    attest->state = ATTEST_READY;
    attest->until = until;
    return;
  }
  attest->challenge = challenge;
  attest->state = ATTEST_ASKED;
  attest->until = until;
  attest->tries = 0;
}

static bool is_late(const struct attest *attest, const struct clock *clock) {
  return (int32_t)(clock->ticks_ms(clock->port) - attest->until) > 0;
}

enum status attest_turn(struct attest *attest, const struct tpm *tpm, const struct radio *radio,
                        const struct clock *clock) {
  if (!attest_is_due(attest)) return STATUS_OK;
  if (attest->state == ATTEST_ASKED && !is_late(attest, clock)) {
    attest->tries++;
    if (evidence_make(tpm, &attest->challenge, &attest->log, attest->evidence, &attest->length) != STATUS_OK) {
      attest->failed++;
      if (attest->tries == TRIES_MAX) attest->state = ATTEST_ANSWERED;
      return STATUS_OK;
    }
    attest->state = ATTEST_READY;
  }
  /* By now another challenge is open, or will be: an answer to this one would count against the device. */
  if (is_late(attest, clock)) {
    attest->state = ATTEST_IDLE;
    return STATUS_OK;
  }
  if (radio->publish(radio->port, RADIO_EVIDENCE, attest->evidence, attest->length, &attest->ticket) != STATUS_OK)
    return STATUS_RADIO;
  attest->state = ATTEST_SENT;
  return STATUS_OK;
}

bool attest_acknowledged(struct attest *attest, uint32_t ticket) {
  if (attest->state != ATTEST_SENT || ticket != attest->ticket) return false;
  attest->state = ATTEST_ANSWERED;
  attest->answered++;
  return true;
}

void attest_lost_link(struct attest *attest) {
  if (attest->state == ATTEST_ASKED) attest->state = ATTEST_IDLE;
  else if (attest->state == ATTEST_READY || attest->state == ATTEST_SENT) attest->state = ATTEST_KEPT;
}

bool attest_is_due(const struct attest *attest) {
  return attest->state == ATTEST_ASKED || attest->state == ATTEST_READY;
}
