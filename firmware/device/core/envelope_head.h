/* What every mode's envelope begins with; for the files of the envelope alone. */
#ifndef MSEC_CORE_ENVELOPE_HEAD_H
#define MSEC_CORE_ENVELOPE_HEAD_H

#include "core/envelope.h"

size_t head_length(const struct envelope_sender *sender, bool has_time);
/* Up to the mode fields; gives head_length. */
size_t head_write(const struct envelope_sender *sender, enum envelope_mode mode, const struct envelope_frame *frame,
                  uint8_t *out);
bool is_encodable(const struct envelope_sender *sender, const struct envelope_frame *frame);

#endif
