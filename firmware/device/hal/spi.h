/* The bus to the TPM. On an STM32L4 it is what wolfTPM's I/O callback calls; on Linux tpm2-tss has its own way. */
#ifndef MSEC_HAL_SPI_H
#define MSEC_HAL_SPI_H

#include <stdint.h>

#include "core/status.h"

struct spi {
  void *port;
  /* Full duplex, the chip selected throughout. */
  enum status (*transfer)(void *port, const uint8_t *out, uint8_t *in, uint32_t length);
};

#endif
