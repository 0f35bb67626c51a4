#include "core/evidence.h"

#include <string.h>

#include "core/bytes.h"

#define VERSION 1u
#define PCR_VALUES 1u
#define BOOT_LOG 2u
#define HEAD_BYTES 6u
/* How often it is quoted anew where a PCR was extended between quote and values. */
#define QUOTES_MAX 3u

_Static_assert(HEAD_BYTES + 2 + TPM_ATTEST_BYTES_MAX + 2 + TPM_SIGNATURE_BYTES_MAX + 2 + TPM_PCRS * SHA256_BYTES + 4 +
                       BOOT_LOG_BYTES_MAX <=
                   EVIDENCE_BYTES_MAX,
               "evidence has room for what a device shows");

/* magic u32 · type u16 · signer 2B · nonce 2B · clock u64 · reset count u32 · … */
static bool reset_count_of(const struct tpm_quote *quote, uint32_t *reset_count) {
  size_t at = 4 + 2;
  for (unsigned sized = 0; sized < 2; sized++) {
    if (at + 2 > quote->attest_length) return false;
    at += 2 + get_u16(quote->attest + at);
  }
  if (at + 8 + 4 > quote->attest_length) return false;
  *reset_count = get_u32(quote->attest + at + 8);
  return true;
}

/* Of a key that hashes with SHA-256: the digest of the values ends the quote. */
static bool is_of(const struct tpm_quote *quote, struct sha256 *hash) {
  uint8_t digest[SHA256_BYTES];
  sha256_final(hash, digest);
  return quote->attest_length >= 2 + SHA256_BYTES &&
         get_u16(quote->attest + quote->attest_length - SHA256_BYTES - 2) == SHA256_BYTES &&
         memcmp(quote->attest + quote->attest_length - SHA256_BYTES, digest, SHA256_BYTES) == 0;
}

/* All values in the selection's order. False where they are not those that were quoted, or do not fit. */
static bool read_values(const struct tpm *tpm, const struct challenge *challenge, const struct tpm_quote *quote,
                        uint8_t *out, size_t room, size_t *written) {
  struct sha256 hash;
  *written = 0;
  sha256_init(&hash);
  for (uint32_t i = 0; i < challenge->bank_count; i++) {
    const struct tpm_pcrs *bank = &challenge->banks[i];
    for (uint32_t pcr = 0; pcr < TPM_PCRS; pcr++) {
      uint8_t value[TPM_DIGEST_BYTES_MAX];
      size_t length;
      if ((bank->pcrs >> pcr & 1) == 0) continue;
      const enum status status = tpm->pcr(tpm->port, bank->bank, pcr, value, &length);
      /* A quote says by itself that the TPM lacks a bank. */
      if (status == STATUS_NONE) continue;
      if (status != STATUS_OK || length > sizeof value || length > room - *written) return false;
      sha256_update(&hash, value, length);
      memcpy(out + *written, value, length);
      *written += length;
    }
  }
  return is_of(quote, &hash);
}

static uint8_t *add_sized(uint8_t *at, const uint8_t *bytes, size_t length) {
  put_u16(at, (uint32_t)length);
  memcpy(at + 2, bytes, length);
  return at + 2 + length;
}

enum status evidence_make(const struct tpm *tpm, const struct challenge *challenge, const struct boot_log *log,
                          uint8_t out[EVIDENCE_BYTES_MAX], size_t *written) {
  struct tpm_quote quote;
  uint32_t reset_count;
  size_t values = 0;
  bool has_values = false;
  uint8_t *at = out;
  for (unsigned turn = 0; turn < QUOTES_MAX && !has_values; turn++) {
    const enum status status = tpm->quote(tpm->port, challenge->nonce, challenge->nonce_length, challenge->banks,
                                          challenge->bank_count, &quote);
    if (status != STATUS_OK) return status;
    if (quote.attest_length > sizeof quote.attest || quote.signature_length > sizeof quote.signature) return STATUS_TPM;
    at = add_sized(out + HEAD_BYTES, quote.attest, quote.attest_length);
    at = add_sized(at, quote.signature, quote.signature_length);
    const size_t room = EVIDENCE_BYTES_MAX - (size_t)(at - out) - 2 - 4 - log->length;
    has_values = read_values(tpm, challenge, &quote, at + 2, room, &values);
  }
  /* Where they do not hold still, they are what the log replays to. */
  if (has_values) {
    put_u16(at, (uint32_t)values);
    at += 2 + values;
  }
  if (!reset_count_of(&quote, &reset_count)) return STATUS_TPM;
  const bool shows_log = challenge->wants_boot_log || reset_count != challenge->reset_count;
  if (shows_log) {
    put_u32(at, (uint32_t)log->length);
    memcpy(at + 4, log->bytes, log->length);
    at += 4 + log->length;
  }
  out[0] = VERSION;
  out[1] = (uint8_t)((has_values ? PCR_VALUES : 0u) | (shows_log ? BOOT_LOG : 0u));
  put_u32(out + 2, challenge->id);
  *written = (size_t)(at - out);
  return STATUS_OK;
}
