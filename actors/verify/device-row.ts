/**
 * Where the sequence state of one device lies in its row. All zero means: nothing seen yet.
 *
 *   byte 0 boot epoch u32 · 4 highest sequence u32 · 8 flags u32 · 16 failures f64 · 24 failures' time f64 ms
 *   byte 64 a ring of 1,024 tags u32: the tag of sequence s at s mod 1,024, 0 where s was not seen
 */
export const WINDOW = 1024;
export const HEAD_BYTES = 64;
export const ROW_BYTES = HEAD_BYTES + WINDOW * 4;

export const WORDS = ROW_BYTES / 4;
export const DOUBLES = ROW_BYTES / 8;

export const AT_BOOT_EPOCH = 0;
export const AT_HIGHEST = 1;
export const AT_FLAGS = 2;
export const AT_FAILURES = 2;
export const AT_FAILURES_TIME = 3;
export const AT_TAGS = HEAD_BYTES / 4;

export const FLAG_SEEN = 1;
export const FLAG_SUSPECT = 2;
