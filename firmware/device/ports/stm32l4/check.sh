#!/bin/sh
# What a firmware for a Cortex-M4 must not hold: a heap, floating point in software, an operating system's calls.
# usage: check.sh CROSS-PREFIX ELF
set -eu
found=$("$1nm" "$2" | grep -E ' (__aeabi_[df]|__aeabi_i2[df]|__aeabi_ui2[df]|__aeabi_l2[df]|__aeabi_ul2[df]|_?_?malloc|_?calloc|_?realloc|_?free|_sbrk|_write|printf)' || true)
[ -z "$found" ] || { echo "$2 holds what it must not:"; echo "$found"; exit 1; } >&2
