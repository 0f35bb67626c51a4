/*
 * The TPM that holds the device's keys. Their private parts never cross this line. On Linux: tpm2-tss; on an STM32L4:
 * wolfTPM over SPI (docs/firmware.md).
 */
#ifndef MSEC_HAL_TPM_H
#define MSEC_HAL_TPM_H

#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

#define TPM_SHA256 0x000bu
#define TPM_PCRS 24u
#define TPM_DIGEST_BYTES_MAX 64u
/* TPMS_ATTEST of a quote of four banks, with the longest names and nonce. */
#define TPM_ATTEST_BYTES_MAX 320u
/* TPMT_SIGNATURE: RSA of 2,048 bits; ECDSA has 72. */
#define TPM_SIGNATURE_BYTES_MAX 288u

/* A bit for each PCR of a bank; the bank is a TPM_ALG_ID. */
struct tpm_pcrs {
  uint16_t bank;
  uint32_t pcrs;
};

/* As both stand on the wire. */
struct tpm_quote {
  uint8_t attest[TPM_ATTEST_BYTES_MAX];
  size_t attest_length;
  uint8_t signature[TPM_SIGNATURE_BYTES_MAX];
  size_t signature_length;
};

struct tpm {
  void *port;
  /* x and y of the device's key. */
  enum status (*public_key)(void *port, uint8_t point[64]);
  /* r and s, any valid ones. */
  enum status (*sign)(void *port, const uint8_t digest[32], uint8_t signature[64]);
  /* The x coordinate of ECDH with another point, x and y. */
  enum status (*agree)(void *port, const uint8_t other[64], uint8_t secret[32]);
  /* Extends a PCR of the SHA-256 bank. */
  enum status (*extend)(void *port, uint32_t pcr, const uint8_t digest[32]);
  /* What a PCR holds. STATUS_NONE where the TPM has no such bank. */
  enum status (*pcr)(void *port, uint32_t bank, uint32_t pcr, uint8_t value[TPM_DIGEST_BYTES_MAX], size_t *length);
  /* TPM2_Quote with the attestation key. STATUS_MISSING where the device has none. */
  enum status (*quote)(void *port, const uint8_t *nonce, size_t nonce_length, const struct tpm_pcrs *banks,
                       uint32_t bank_count, struct tpm_quote *quote);
};

#endif
