/* The configuration: no text does harm, and what is taken is within its limits. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "ports/linux/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
  static struct linux_config config;
  struct config_fault fault;
  if (!config_parse((const char *)bytes, length, &config, &fault)) {
    EXPECT(fault.says != NULL);
    return 0;
  }
  EXPECT(is_device_id(config.device_id, strlen(config.device_id)));
  EXPECT(is_identity(config.frame, config.identity, strlen(config.identity)));
  EXPECT(config.batch >= 1 && config.batch <= DEVICE_BATCH_MAX && config.port > 0);
  EXPECT(config.measure_pcr < 24 || config.measure_pcr == DEVICE_NO_PCR);
  EXPECT(config.attestation_handle == 0 || config.attestation_handle >> 24 == 0x81);
  return 0;
}
