#include "core/frames.h"

#include <string.h>

#include "core/generated/enmon_frame.h"
#include "core/generated/nucleo_frame.h"

_Static_assert(ENMON_FRAME_BYTES <= FRAME_BYTES_MAX && NUCLEO_FRAME_BYTES <= FRAME_BYTES_MAX, "a frame needs more");

static size_t identity_digits(enum frame_type type) {
  return type == FRAME_ENMON ? sizeof((struct enmon_frame *)0)->imei : sizeof((struct nucleo_frame *)0)->serial;
}

bool is_identity(enum frame_type type, const char *digits, size_t length) {
  if (length != identity_digits(type)) return false;
  for (size_t i = 0; i < length; i++) {
    if (digits[i] < '0' || digits[i] > '9') return false;
  }
  return true;
}

enum status frame_encode(enum frame_type type, const char *identity, uint32_t count,
                         const struct sensor_reading *reading, uint8_t out[FRAME_BYTES_MAX], uint32_t *written) {
  if (type == FRAME_ENMON) {
    struct enmon_frame frame = {
        .n_send = count,
        .battery_voltage = reading->supply_mv,
        .sonometer = reading->noise_db,
        .temperature = reading->temperature,
        .humidity = reading->humidity,
    };
    memcpy(frame.imei, identity, sizeof frame.imei);
    *written = ENMON_FRAME_BYTES;
    return enmon_frame_encode(&frame, out) ? STATUS_OK : STATUS_INVALID;
  }
  struct nucleo_frame frame = {
      .n_send = count,
      .adc = reading->adc,
      .supply_voltage = reading->supply_mv,
      .temperature = reading->temperature,
  };
  memcpy(frame.serial, identity, sizeof frame.serial);
  *written = NUCLEO_FRAME_BYTES;
  return nucleo_frame_encode(&frame, out) ? STATUS_OK : STATUS_INVALID;
}
