/* CRC-32 (ISO-HDLC, as in Ethernet): tells a record that was written whole from one that a loss of power cut off. */
#ifndef MSEC_CORE_CRC32_H
#define MSEC_CORE_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32(const uint8_t *bytes, size_t length);

#endif
