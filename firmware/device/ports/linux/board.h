/* What else a board has: clock, chance, the simulated sensors, the firmware as a file. */
#ifndef MSEC_LINUX_BOARD_H
#define MSEC_LINUX_BOARD_H

#include "hal/clock.h"
#include "hal/entropy.h"
#include "hal/image.h"
#include "hal/sensor.h"

struct linux_board {
  /* By so much the clock is wrong. */
  int32_t clock_offset_ms;
  int image;
  /* The sensors' state: where the knob stands, and the weather. */
  uint32_t random;
  struct sensor_reading now;
};

enum status linux_board_open(struct linux_board *board, int32_t clock_offset_ms, uint32_t seed);
void linux_board_close(struct linux_board *board);
struct clock linux_clock(struct linux_board *board);
struct entropy linux_entropy(struct linux_board *board);
struct sensor linux_sensor(struct linux_board *board);
struct image linux_image(struct linux_board *board);

#endif
