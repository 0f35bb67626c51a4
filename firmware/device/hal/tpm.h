/*
 * The TPM that holds the device's key. Its private part never crosses this line. On Linux: tpm2-tss; on an STM32L4:
 * wolfTPM over SPI (docs/firmware.md).
 */
#ifndef MSEC_HAL_TPM_H
#define MSEC_HAL_TPM_H

#include <stdint.h>

#include "core/status.h"

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
};

#endif
