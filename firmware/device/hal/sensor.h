/* What the board measures, in the wire's units of the frame descriptions (tenths of a degree, of a percent; mV; dB). */
#ifndef MSEC_HAL_SENSOR_H
#define MSEC_HAL_SENSOR_H

#include <stdint.h>

#include "core/status.h"

struct sensor_reading {
  /* Of the potentiometer, 12 bits. */
  uint16_t adc;
  uint16_t supply_mv;
  uint16_t noise_db;
  int16_t temperature;
  uint16_t humidity;
};

struct sensor {
  void *port;
  enum status (*read)(void *port, struct sensor_reading *reading);
};

#endif
