/* Generated from schemas/frames/enmon.yaml by `npm run generate`; never edited by hand. */
#include "core/generated/enmon_frame.h"

bool enmon_frame_encode(const struct enmon_frame *frame, uint8_t out[ENMON_FRAME_BYTES]) {
  out[0] = 1;
  out[1] = 0;
  out[2] = 28;
  const uint32_t wire_n_send = (uint32_t)frame->n_send;
  out[3] = (uint8_t)(wire_n_send >> 24);
  out[4] = (uint8_t)(wire_n_send >> 16);
  out[5] = (uint8_t)(wire_n_send >> 8);
  out[6] = (uint8_t)wire_n_send;
  for (int i = 0; i < 15; i++) {
    const char digit = frame->imei[i];
    if (digit < '0' || digit > '9') return false;
    out[7 + i] = (uint8_t)digit;
  }
  out[22] = 0;
  const uint32_t wire_battery_voltage = (uint32_t)frame->battery_voltage;
  out[23] = (uint8_t)(wire_battery_voltage >> 8);
  out[24] = (uint8_t)wire_battery_voltage;
  const uint32_t wire_sonometer = (uint32_t)frame->sonometer;
  out[25] = (uint8_t)(wire_sonometer >> 8);
  out[26] = (uint8_t)wire_sonometer;
  const uint32_t wire_temperature = (uint32_t)frame->temperature;
  out[27] = (uint8_t)(wire_temperature >> 8);
  out[28] = (uint8_t)wire_temperature;
  const uint32_t wire_humidity = (uint32_t)frame->humidity;
  out[29] = (uint8_t)(wire_humidity >> 8);
  out[30] = (uint8_t)wire_humidity;
  return true;
}
