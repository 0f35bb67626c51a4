/* The board's own main loop, and what its parts have to be. */
#ifndef MSEC_STM32L4_BOARD_H
#define MSEC_STM32L4_BOARD_H

#include "core/device.h"
#include "hal/spi.h"

void board_main(void);

/* Each part of the board, as its driver fills it in. STATUS_MISSING from all of them where there is none yet. */
void board_parts(struct device_ports *ports);

#endif
