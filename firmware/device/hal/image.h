/* The firmware itself, as it lies in flash or file: what is measured at boot. */
#ifndef MSEC_HAL_IMAGE_H
#define MSEC_HAL_IMAGE_H

#include <stdint.h>

#include "core/status.h"

struct image {
  void *port;
  /* *got is 0 at its end. */
  enum status (*read)(void *port, uint32_t at, uint8_t *into, uint32_t room, uint32_t *got);
};

#endif
