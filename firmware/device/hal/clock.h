/* The time of day, where the board knows it, and a time that only goes on. */
#ifndef MSEC_HAL_CLOCK_H
#define MSEC_HAL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
  void *port;
  /* Unix time in milliseconds. False before the network or an RTC has said it. */
  bool (*unix_ms)(void *port, uint64_t *now_ms);
  /* Since any moment; wraps. */
  uint32_t (*ticks_ms)(void *port);
};

#endif
