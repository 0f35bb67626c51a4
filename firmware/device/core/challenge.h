/*
 * What a device is asked (docs/specs/attestation-protocol.md). It comes from outside and is believed in nothing: whoever
 * sends one gets a quote, which tells no more than the device's state.
 */
#ifndef MSEC_CORE_CHALLENGE_H
#define MSEC_CORE_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "hal/tpm.h"

#define CHALLENGE_BYTES_MAX 512u
#define CHALLENGE_BANKS_MAX 4u
#define NONCE_BYTES_MAX 64u

struct challenge {
  uint32_t id;
  bool wants_boot_log;
  uint64_t issued_ms;
  /* From then to its deadline, at most as far as ticks are compared. */
  uint32_t within_ms;
  /* Of the last quote that was accepted; 0xffffffff where there is none. */
  uint32_t reset_count;
  uint8_t nonce[NONCE_BYTES_MAX];
  uint32_t nonce_length;
  struct tpm_pcrs banks[CHALLENGE_BANKS_MAX];
  uint32_t bank_count;
};

/* STATUS_INVALID where the bytes are none, or ask for what no device has. */
enum status challenge_parse(const uint8_t *bytes, size_t length, struct challenge *challenge);

bool challenge_is_same(const struct challenge *one, const struct challenge *other);

#endif
