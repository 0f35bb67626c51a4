/* The measured boot of the cookbook, chapter 1.1: the firmware's own hash goes into a PCR before anything is signed. */
#ifndef MSEC_CORE_MEASURE_H
#define MSEC_CORE_MEASURE_H

#include <stdint.h>

#include "core/sha256.h"
#include "core/status.h"
#include "hal/image.h"

enum status measure_image(const struct image *image, uint8_t digest[SHA256_BYTES]);

#endif
