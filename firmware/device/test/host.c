/* Runs the host tests of one kind, or all of them: `host [sequence|ring|device|attest]`. Says how much was tried; exits 1 on a fault. */
#include <stdio.h>
#include <string.h>

#include "test/host.h"

int main(int argc, char **argv) {
  const struct {
    const char *name;
    void (*run)(void);
  } kinds[] = {{"sequence", test_sequence}, {"ring", test_ring}, {"device", test_device}, {"attest", test_attest}};
  unsigned ran = 0;
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    if (argc > 1 && strcmp(argv[1], kinds[i].name) != 0) continue;
    kinds[i].run();
    ran++;
  }
  return ran > 0 ? 0 : 2;
}
