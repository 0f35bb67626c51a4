/* Random numbers of the board (RNG peripheral, kernel). Keys are not made of them: those come from the TPM. */
#ifndef MSEC_HAL_ENTROPY_H
#define MSEC_HAL_ENTROPY_H

#include <stdint.h>

#include "core/status.h"

struct entropy {
  void *port;
  enum status (*random)(void *port, void *into, uint32_t length);
};

#endif
