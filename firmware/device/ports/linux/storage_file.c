#include "ports/linux/storage_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool write_all(int descriptor, const void *bytes, size_t length, off_t at) {
  const uint8_t *from = bytes;
  while (length > 0) {
    const ssize_t wrote = pwrite(descriptor, from, length, at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    from += wrote;
    at += wrote;
    length -= (size_t)wrote;
  }
  return true;
}

static bool is_kept(const struct storage_file *file) {
  return !file->sync || fdatasync(file->descriptor) == 0;
}

static enum status file_read(void *port, uint32_t at, void *into, uint32_t length) {
  const struct storage_file *file = port;
  ssize_t got;
  do got = pread(file->descriptor, into, length, (off_t)at);
  while (got < 0 && errno == EINTR);
  return got == (ssize_t)length ? STATUS_OK : STATUS_STORAGE;
}

static enum status file_program(void *port, uint32_t at, const void *from, uint32_t length) {
  const struct storage_file *file = port;
  return write_all(file->descriptor, from, length, (off_t)at) && is_kept(file) ? STATUS_OK : STATUS_STORAGE;
}

static enum status erase_page(const struct storage_file *file, uint32_t page) {
  uint8_t erased[4096];
  memset(erased, STORAGE_ERASED, sizeof erased);
  for (uint32_t done = 0; done < file->page_bytes; done += (uint32_t)sizeof erased) {
    const size_t left = file->page_bytes - done;
    const size_t length = left < sizeof erased ? left : sizeof erased;
    if (!write_all(file->descriptor, erased, length, (off_t)page * file->page_bytes + done)) return STATUS_STORAGE;
  }
  return STATUS_OK;
}

static enum status file_erase(void *port, uint32_t page) {
  const struct storage_file *file = port;
  return erase_page(file, page) == STATUS_OK && is_kept(file) ? STATUS_OK : STATUS_STORAGE;
}

enum status storage_file_open(struct storage_file *file, const char *path, uint32_t page_bytes, uint32_t pages,
                              bool sync, struct storage *storage) {
  struct stat about;
  file->sync = sync;
  file->page_bytes = page_bytes;
  file->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file->descriptor < 0) return STATUS_STORAGE;
  if (flock(file->descriptor, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) errno = EBUSY;
    return STATUS_STORAGE;
  }
  if (fstat(file->descriptor, &about) != 0) return STATUS_STORAGE;
  /* A process that was killed as it made the file left it shorter: what is missing was never used. */
  const uint32_t there = (uint32_t)(about.st_size / page_bytes);
  for (uint32_t page = there; page < pages; page++) {
    if (erase_page(file, page) != STATUS_OK) return STATUS_STORAGE;
  }
  if (!is_kept(file)) return STATUS_STORAGE;
  *storage = (struct storage){
      .port = file,
      .page_bytes = page_bytes,
      .pages = there > pages ? there : pages,
      .read = file_read,
      .program = file_program,
      .erase = file_erase,
  };
  return STATUS_OK;
}

void storage_file_close(struct storage_file *file) {
  if (file->descriptor >= 0) close(file->descriptor);
  file->descriptor = -1;
}
