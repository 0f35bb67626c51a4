/* The frames that this firmware sends, by their generated encoders. */
#ifndef MSEC_CORE_FRAMES_H
#define MSEC_CORE_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "hal/sensor.h"

enum frame_type { FRAME_ENMON, FRAME_NUCLEO };

#define FRAME_BYTES_MAX 64

/* Whether the digits may be the identity of such a device. */
bool is_identity(enum frame_type type, const char *digits, size_t length);

/* `count`: the frame's N_SEND. */
enum status frame_encode(enum frame_type type, const char *identity, uint32_t count,
                         const struct sensor_reading *reading, uint8_t out[FRAME_BYTES_MAX], uint32_t *written);

#endif
