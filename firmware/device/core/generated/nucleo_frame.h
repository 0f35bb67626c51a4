/* Generated from schemas/frames/nucleo.yaml by `npm run generate`; never edited by hand. */
#ifndef MSEC_GENERATED_NUCLEO_FRAME_H
#define MSEC_GENERATED_NUCLEO_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#define NUCLEO_FRAME_BYTES 25

struct nucleo_frame {
  /* Counts the frames the device has sent. */
  uint32_t n_send;
  /* 12 decimal digits; no NUL is needed. */
  char serial[12];
  /* The potentiometer, as the 12-bit converter reads it. */
  uint16_t adc;
  /* In mV. */
  uint16_t supply_voltage;
  /* In °C x 10. */
  int16_t temperature;
};

/* False where a digit is none; `out` is of no use then. */
bool nucleo_frame_encode(const struct nucleo_frame *frame, uint8_t out[NUCLEO_FRAME_BYTES]);

#endif
