/* Generated from schemas/frames/enmon.yaml by `npm run generate`; never edited by hand. */
#ifndef MSEC_GENERATED_ENMON_FRAME_H
#define MSEC_GENERATED_ENMON_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define ENMON_FRAME_BYTES 31

struct enmon_frame {
  /* Counts the frames the device has sent. */
  uint32_t n_send;
  /* 15 decimal digits; no NUL is needed. */
  char imei[15];
  /* In mV. */
  uint16_t battery_voltage;
  /* In dB. */
  uint16_t sonometer;
  /* In °C x 10. */
  int16_t temperature;
  /* In % x 10. */
  uint16_t humidity;
};

/* False where a digit is none; `out` is of no use then. */
bool enmon_frame_encode(const struct enmon_frame *frame, uint8_t out[ENMON_FRAME_BYTES]);

#endif
