/**
 * Where the sequence state of one device lies in its row. All zero means: nothing seen yet.
 *
 *   head  byte 0 boot epoch u32 · 4 highest group u32 · 8 flags u32 · 16 failures f64 · 24 time of failures f64 ms
 *   ring  from byte 64, 70 blocks of 64 bytes, each for a group of 15 sequences: group + 1 u32 · their tags 15 × u32
 *
 * Group g holds sequences 15g to 15g + 14 and lies in block g mod 70; a block with another number holds nothing of it.
 * 70 groups always reach back 1,024 sequences. The head changes only with every group, so that a frame that comes in
 * order changes one block of state and not two.
 */
export const WINDOW = 1024;
export const HEAD_BYTES = 64;
const BLOCK_BYTES = 64;

export const GROUP = 15;
export const RING_GROUPS = 70;
export const RING_BLOCK = HEAD_BYTES / BLOCK_BYTES;
export const ROW_BYTES = HEAD_BYTES + RING_GROUPS * BLOCK_BYTES;

/** In words of 32 bits. */
export const ROW_WORDS = ROW_BYTES / 4;
export const BLOCK_WORDS = BLOCK_BYTES / 4;
export const AT_RING = HEAD_BYTES / 4;
export const AT_BOOT_EPOCH = 0;
export const AT_HIGHEST_GROUP = 1;
export const AT_FLAGS = 2;

/** In doubles. */
export const ROW_DOUBLES = ROW_BYTES / 8;
export const AT_FAILURES = 2;
export const AT_FAILURES_TIME = 3;

export const FLAG_SEEN = 1;
export const FLAG_SUSPECT = 2;
