/* Flash in a file, for one process at a time. What a killed process has written stays; with `sync`, a power cut's, too. */
#ifndef MSEC_LINUX_STORAGE_FILE_H
#define MSEC_LINUX_STORAGE_FILE_H

#include <stdbool.h>

#include "hal/storage.h"

struct storage_file {
  int descriptor;
  bool sync;
  uint32_t page_bytes;
};

/* Makes the file, erased, where it is missing. STATUS_STORAGE, with errno; EBUSY where another process has it. */
enum status storage_file_open(struct storage_file *file, const char *path, uint32_t page_bytes, uint32_t pages,
                              bool sync, struct storage *storage);
void storage_file_close(struct storage_file *file);

#endif
