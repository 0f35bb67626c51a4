/*
 * What was measured since the TPM's start, as a crypto-agile TCG log of the SHA-256 bank: what binary_bios_measurements is on
 * Linux. It proves nothing; it says what the PCRs are made of.
 */
#ifndef MSEC_CORE_BOOT_LOG_H
#define MSEC_CORE_BOOT_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "core/sha256.h"
#include "core/status.h"

#define BOOT_LOG_BYTES_MAX 384u
/* EV_IPL: what a boot loader loads and starts. */
#define BOOT_EVENT_IPL 0x0du

struct boot_log {
  uint8_t bytes[BOOT_LOG_BYTES_MAX];
  size_t length;
};

/* Only with the head that names the bank. */
void boot_log_begin(struct boot_log *log);

/* STATUS_FULL: it does not fit, and the log is as it was. */
enum status boot_log_add(struct boot_log *log, uint32_t pcr, uint32_t type, const uint8_t digest[SHA256_BYTES],
                         const char *what);

#endif
