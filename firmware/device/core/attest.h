/*
 * The device's side of attestation: each challenge is answered once, the newest first. What was sent and not acknowledged
 * is kept, and sent again as the same bytes once its challenge is handed out again: then it is still open. What is asked
 * with the link lost is asked again by itself.
 */
#ifndef MSEC_CORE_ATTEST_H
#define MSEC_CORE_ATTEST_H

#include "core/evidence.h"
#include "hal/clock.h"
#include "hal/radio.h"

struct attest {
  enum {
    ATTEST_IDLE,
    /* A challenge is to be answered. */
    ATTEST_ASKED,
    /* The evidence is there, and its challenge open. */
    ATTEST_READY,
    ATTEST_SENT,
    /* The link was lost before the bridge had it. */
    ATTEST_KEPT,
    ATTEST_ANSWERED,
  } state;
  struct challenge challenge;
  /* In ticks: what is sent later is late for sure. */
  uint32_t until;
  uint32_t tries;
  uint32_t ticket;
  /* Since the start. */
  uint32_t answered;
  uint32_t failed;
  struct boot_log log;
  size_t length;
  uint8_t evidence[EVIDENCE_BYTES_MAX];
};

void attest_init(struct attest *attest);
/* Bytes that are no challenge count as failed, and change nothing else. */
void attest_challenged(struct attest *attest, const uint8_t *bytes, size_t length, const struct clock *clock);
/* Makes and sends what is due. STATUS_RADIO where the link is lost; a TPM that fails ends nothing but this answer. */
enum status attest_turn(struct attest *attest, const struct tpm *tpm, const struct radio *radio,
                        const struct clock *clock);
/* Whether the ticket was the evidence's. */
bool attest_acknowledged(struct attest *attest, uint32_t ticket);
void attest_lost_link(struct attest *attest);
bool attest_is_due(const struct attest *attest);

#endif
