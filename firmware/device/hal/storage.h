/*
 * An area of NOR flash, as microcontrollers have it: erased in pages to 0xff, programmed once between two erasures, in
 * words of 8 bytes. A loss of power may leave a word or page in between; what was programmed before stays.
 */
#ifndef MSEC_HAL_STORAGE_H
#define MSEC_HAL_STORAGE_H

#include <stdint.h>

#include "core/status.h"

#define STORAGE_WORD_BYTES 8
#define STORAGE_ERASED 0xff

struct storage {
  void *port;
  uint32_t page_bytes;
  uint32_t pages;
  enum status (*read)(void *port, uint32_t at, void *into, uint32_t length);
  /* Whole words, all of them erased, from the first on; kept for good once it returns. */
  enum status (*program)(void *port, uint32_t at, const void *from, uint32_t length);
  enum status (*erase)(void *port, uint32_t page);
};

#endif
