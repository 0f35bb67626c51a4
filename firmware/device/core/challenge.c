#include "core/challenge.h"

#include <string.h>

#include "core/bytes.h"

#define VERSION 1u
#define BOOT_LOG 1u
#define HEAD_BYTES 32u
#define MAP_BYTES_MAX 4u
#define BANK_HEAD_BYTES 3u
#define TIME_MS_MAX ((UINT64_C(1) << 53) - 1)

/* SHA-1, SHA-256, SHA-384, SHA-512. */
static bool is_bank(uint32_t hash) {
  return hash == 4 || (hash >= TPM_SHA256 && hash <= TPM_SHA256 + 2);
}

/* TPML_PCR_SELECTION, to the end. */
static bool read_banks(const uint8_t *at, const uint8_t *end, struct challenge *challenge) {
  if (end - at < 4) return false;
  const uint32_t count = get_u32(at);
  at += 4;
  if (count > CHALLENGE_BANKS_MAX) return false;
  for (uint32_t i = 0; i < count; i++) {
    if ((size_t)(end - at) < BANK_HEAD_BYTES) return false;
    struct tpm_pcrs *bank = &challenge->banks[i];
    const uint32_t map_bytes = at[2];
    bank->bank = (uint16_t)get_u16(at);
    at += BANK_HEAD_BYTES;
    if (!is_bank(bank->bank)) return false;
    if (map_bytes > MAP_BYTES_MAX || (size_t)(end - at) < map_bytes) return false;
    for (uint32_t byte = 0; byte < map_bytes; byte++) bank->pcrs |= (uint32_t)at[byte] << (8 * byte);
    at += map_bytes;
    if (bank->pcrs >> TPM_PCRS != 0) return false;
  }
  challenge->bank_count = count;
  return at == end;
}

enum status challenge_parse(const uint8_t *bytes, size_t length, struct challenge *challenge) {
  memset(challenge, 0, sizeof *challenge);
  if (length < HEAD_BYTES || length > CHALLENGE_BYTES_MAX || bytes[0] != VERSION) return STATUS_INVALID;
  challenge->wants_boot_log = (bytes[1] & BOOT_LOG) != 0;
  challenge->id = get_u32(bytes + 2);
  challenge->issued_ms = get_u64(bytes + 6);
  const uint64_t deadline_ms = get_u64(bytes + 14);
  /* An answer to 0 would be a notice. */
  if (challenge->id == 0 || deadline_ms < challenge->issued_ms || deadline_ms > TIME_MS_MAX) return STATUS_INVALID;
  const uint64_t within_ms = deadline_ms - challenge->issued_ms;
  challenge->within_ms = within_ms > INT32_MAX ? INT32_MAX : (uint32_t)within_ms;
  /* The IMA list, whose proven entries come next, is of Linux alone. */
  challenge->reset_count = get_u32(bytes + 26);
  challenge->nonce_length = get_u16(bytes + 30);
  if (challenge->nonce_length == 0 || challenge->nonce_length > NONCE_BYTES_MAX ||
      challenge->nonce_length > length - HEAD_BYTES)
    return STATUS_INVALID;
  memcpy(challenge->nonce, bytes + HEAD_BYTES, challenge->nonce_length);
  return read_banks(bytes + HEAD_BYTES + challenge->nonce_length, bytes + length, challenge) ? STATUS_OK : STATUS_INVALID;
}

/* By the nonce: ids begin anew where the engine does. */
bool challenge_is_same(const struct challenge *one, const struct challenge *other) {
  return one->nonce_length == other->nonce_length && memcmp(one->nonce, other->nonce, one->nonce_length) == 0;
}
