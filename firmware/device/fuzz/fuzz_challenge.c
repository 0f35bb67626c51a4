/*
 * A challenge of any bytes, answered with a TPM that says anything: what is taken is within its limits, evidence is laid out as it
 * must be, and nothing is read or written beside it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"
#include "core/evidence.h"
#include "fuzz/fuzz.h"

struct said {
  const uint8_t *bytes;
  size_t length;
};

static enum status any_quote(void *port, const uint8_t *nonce, size_t nonce_length, const struct tpm_pcrs *banks,
                             uint32_t bank_count, struct tpm_quote *quote) {
  const struct said *said = port;
  EXPECT(nonce_length >= 1 && nonce_length <= NONCE_BYTES_MAX && nonce != NULL);
  for (uint32_t i = 0; i < bank_count; i++) EXPECT(banks[i].pcrs >> TPM_PCRS == 0);
  quote->attest_length = said->length < TPM_ATTEST_BYTES_MAX ? said->length : TPM_ATTEST_BYTES_MAX;
  memcpy(quote->attest, said->bytes, quote->attest_length);
  quote->signature_length = said->length % (TPM_SIGNATURE_BYTES_MAX + 1);
  memset(quote->signature, 1, quote->signature_length);
  return STATUS_OK;
}

static enum status any_pcr(void *port, uint32_t bank, uint32_t pcr, uint8_t value[TPM_DIGEST_BYTES_MAX], size_t *length) {
  const struct said *said = port;
  EXPECT(pcr < TPM_PCRS);
  *length = (bank + said->length) % (TPM_DIGEST_BYTES_MAX + 1);
  memset(value, 2, *length);
  return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  struct challenge challenge;
  struct boot_log log;
  static uint8_t out[EVIDENCE_BYTES_MAX];
  size_t written;
  /* The last bytes are what the TPM says. */
  const size_t behind = length > 60 ? length - 60 : 0;
  struct said said = {bytes + length - behind, behind};
  if (challenge_parse(bytes, length - behind, &challenge) != STATUS_OK) return 0;
  EXPECT(challenge.id > 0 && challenge.within_ms <= INT32_MAX && challenge.bank_count <= CHALLENGE_BANKS_MAX);
  EXPECT(challenge_is_same(&challenge, &challenge));
  boot_log_begin(&log);
  while (boot_log_add(&log, 14, BOOT_EVENT_IPL, out, "event") == STATUS_OK) continue;
  const struct tpm tpm = {.port = &said, .pcr = any_pcr, .quote = any_quote};
  if (evidence_make(&tpm, &challenge, &log, out, &written) != STATUS_OK) return 0;
  size_t at = 6;
  for (unsigned part = 0; part < 2u + (out[1] & 1u); part++) at += 2 + get_u16(out + at);
  if ((out[1] & 2) != 0) at += 4 + get_u32(out + at);
  EXPECT(at == written && written <= sizeof out);
  return 0;
}
