/*
 * Boot epoch and sequence (docs/specs/envelope.md): no pair is given out twice, whatever is lost of power or flash. The
 * journal on two flash pages says up to where sequences may have been used; it is written before they are.
 */
#ifndef MSEC_CORE_SEQUENCE_H
#define MSEC_CORE_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"
#include "hal/storage.h"

/* So many at once are reserved in the journal: what a restart skips at most, twice over where an entry was damaged. */
#define SEQUENCE_RESERVE 1024u
#define SEQUENCE_ENTRY_BYTES 16u

struct sequence {
  const struct storage *storage;
  uint32_t boot_epoch;
  uint32_t next;
  /* All below it are reserved. */
  uint32_t bound;
  /* Where the next entry goes. */
  uint32_t page;
  uint32_t offset;
};

/*
 * `fresh_epoch`: where the journal says nothing, as on a new device or after its loss; must be above any that was used
 * before: the Unix time in seconds is. 0 where the time is not known: STATUS_NO_CLOCK then, where it is needed.
 */
enum status sequence_mount(struct sequence *sequence, const struct storage *storage, uint32_t fresh_epoch);

/* The next pair. STATUS_STORAGE where it cannot be reserved; nothing is used then. */
enum status sequence_take(struct sequence *sequence, uint32_t *boot_epoch, uint32_t *number);

#endif
