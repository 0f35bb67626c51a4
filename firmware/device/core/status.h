/* What a function of the firmware comes to. Everything but STATUS_OK leaves the state as it was. */
#ifndef MSEC_CORE_STATUS_H
#define MSEC_CORE_STATUS_H

enum status {
  STATUS_OK = 0,
  /* Nothing there at present: no record, no event. */
  STATUS_NONE,
  /* The ring has no room before something is acknowledged. */
  STATUS_FULL,
  STATUS_INVALID,
  /* The time of day is needed and not known. */
  STATUS_NO_CLOCK,
  STATUS_STORAGE,
  STATUS_TPM,
  STATUS_RADIO,
  /* The board has no such part. */
  STATUS_MISSING,
};

#endif
