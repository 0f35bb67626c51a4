/* Generated from schemas/frames/nucleo.yaml by `npm run generate`; never edited by hand. */
#include "core/generated/nucleo_frame.h"

bool nucleo_frame_encode(const struct nucleo_frame *frame, uint8_t out[NUCLEO_FRAME_BYTES]) {
  out[0] = 16;
  out[1] = 0;
  out[2] = 22;
  const uint32_t wire_n_send = (uint32_t)frame->n_send;
  out[3] = (uint8_t)(wire_n_send >> 24);
  out[4] = (uint8_t)(wire_n_send >> 16);
  out[5] = (uint8_t)(wire_n_send >> 8);
  out[6] = (uint8_t)wire_n_send;
  for (int i = 0; i < 12; i++) {
    const char digit = frame->serial[i];
    if (digit < '0' || digit > '9') return false;
    out[7 + i] = (uint8_t)digit;
  }
  const uint32_t wire_adc = (uint32_t)frame->adc;
  out[19] = (uint8_t)(wire_adc >> 8);
  out[20] = (uint8_t)wire_adc;
  const uint32_t wire_supply_voltage = (uint32_t)frame->supply_voltage;
  out[21] = (uint8_t)(wire_supply_voltage >> 8);
  out[22] = (uint8_t)wire_supply_voltage;
  const uint32_t wire_temperature = (uint32_t)frame->temperature;
  out[23] = (uint8_t)(wire_temperature >> 8);
  out[24] = (uint8_t)wire_temperature;
  return true;
}
