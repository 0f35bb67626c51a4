/* The measured boot of the cookbook, chapter 1.1: the firmware's own hash goes into a PCR before anything is signed. */
#ifndef MSEC_CORE_MEASURE_H
#define MSEC_CORE_MEASURE_H

#include <stdint.h>

#include "core/boot_log.h"
#include "hal/image.h"
#include "hal/tpm.h"

/* Into the PCR and the log; the PCR stays as it is where a process began anew and its TPM did not. */
enum status measure_boot(const struct tpm *tpm, const struct image *image, uint32_t pcr, struct boot_log *log);

#endif
