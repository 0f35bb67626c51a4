/* What a Cortex-M4 does from reset to main: variables, then the loop. An exception that nobody expects stops it. */
#include <stdint.h>

#include "ports/stm32l4/board.h"

extern uint32_t stack_end, data_start, data_end, data_load, bss_start, bss_end;

void reset(void);
void halt(void);

void halt(void) {
  for (;;) __asm__ volatile("bkpt #0");
}

void reset(void) {
  const uint32_t *from = &data_load;
  for (uint32_t *to = &data_start; to < &data_end;) *to++ = *from++;
  for (uint32_t *to = &bss_start; to < &bss_end;) *to++ = 0;
  board_main();
  halt();
}

/* The stack, and the sixteen exceptions of the core; the board's interrupts stay masked. */
__attribute__((section(".vectors"), used)) static const struct {
  uint32_t *stack;
  void (*handlers[15])(void);
} VECTORS = {
    &stack_end,
    {reset, halt, halt, halt, halt, halt, 0, 0, 0, 0, halt, halt, 0, halt, halt},
};
