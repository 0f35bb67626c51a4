#include "ports/linux/board.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static bool board_unix_ms(void *port, uint64_t *now_ms) {
  const struct linux_board *board = port;
  struct timespec now;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return false;
  const int64_t ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + board->clock_offset_ms;
  if (ms < 0) return false;
  *now_ms = (uint64_t)ms;
  return true;
}

static uint32_t board_ticks_ms(void *port) {
  struct timespec now = {0, 0};
  (void)port;
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

static enum status board_random(void *port, void *into, uint32_t length) {
  (void)port;
  return getrandom(into, length, 0) == (ssize_t)length ? STATUS_OK : STATUS_MISSING;
}

static uint32_t chance(struct linux_board *board) {
  board->random ^= board->random << 13;
  board->random ^= board->random >> 17;
  board->random ^= board->random << 5;
  return board->random;
}

/* One step by chance, `step` at most, that does not leave the range. */
static int32_t walked(struct linux_board *board, int32_t from, int32_t step, int32_t min, int32_t max) {
  const int32_t to = from + (int32_t)(chance(board) % (uint32_t)(2 * step + 1)) - step;
  return to < min ? min : to > max ? max : to;
}

static enum status board_read(void *port, struct sensor_reading *reading) {
  struct linux_board *board = port;
  struct sensor_reading *now = &board->now;
  now->adc = (uint16_t)walked(board, now->adc, 64, 0, 4095);
  now->supply_mv = (uint16_t)walked(board, now->supply_mv, 2, 3000, 3600);
  now->noise_db = (uint16_t)walked(board, now->noise_db, 3, 30, 110);
  now->temperature = (int16_t)walked(board, now->temperature, 2, -200, 450);
  now->humidity = (uint16_t)walked(board, now->humidity, 5, 100, 1000);
  *reading = *now;
  return STATUS_OK;
}

static enum status board_image(void *port, uint32_t at, uint8_t *into, uint32_t room, uint32_t *got) {
  const struct linux_board *board = port;
  ssize_t length;
  do length = pread(board->image, into, room, (off_t)at);
  while (length < 0 && errno == EINTR);
  if (length < 0) return STATUS_STORAGE;
  *got = (uint32_t)length;
  return STATUS_OK;
}

enum status linux_board_open(struct linux_board *board, int32_t clock_offset_ms, uint32_t seed) {
  *board = (struct linux_board){
      .clock_offset_ms = clock_offset_ms,
      .image = open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
      .random = seed,
      .now = {.adc = 2048, .supply_mv = 3300, .noise_db = 55, .temperature = 180, .humidity = 550},
  };
  return board->image < 0 ? STATUS_STORAGE : STATUS_OK;
}

void linux_board_close(struct linux_board *board) {
  if (board->image >= 0) close(board->image);
  board->image = -1;
}

struct clock linux_clock(struct linux_board *board) {
  return (struct clock){.port = board, .unix_ms = board_unix_ms, .ticks_ms = board_ticks_ms};
}

struct entropy linux_entropy(struct linux_board *board) {
  return (struct entropy){.port = board, .random = board_random};
}

struct sensor linux_sensor(struct linux_board *board) {
  return (struct sensor){.port = board, .read = board_read};
}

struct image linux_image(struct linux_board *board) {
  return (struct image){.port = board, .read = board_image};
}
