#!/bin/sh
# Sets a Debian gateway up so that it measures what it runs (IMA), guards the attributes of its files (EVM), and opens its
# disk in the trusted state alone. Says what it would do with --dry-run, and takes everything back with --undo. Needs a
# restart to take effect. docs/gateway.md
set -eu

usage() {
  cat <<'USAGE'
usage: integrity.sh [--dry-run] [--evm fix|on] [--disk NAME DEVICE SEALED] [--root FOLDER]
       integrity.sh --undo [--dry-run] [--root FOLDER]

  --dry-run   say what would be written and run, change nothing
  --evm fix   for one start: root's files get their hash and EVM's label as they are read; then --evm on
  --evm on    what is executed with a wrong hash or label goes to the audit log, as do changes past the label
  --disk …    open the LUKS partition DEVICE as NAME by the sealed key SEALED (msec device seal)
  --undo      put back what was there before
  --root      set up the system under this folder, not the one that runs
USAGE
}

HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=
DRY=
UNDO=
EVM=
DISK_NAME=
DISK_DEVICE=
DISK_SEALED=
while [ $# -gt 0 ]; do
  case $1 in
  --dry-run) DRY=yes ;;
  --undo) UNDO=yes ;;
  --root)
    ROOT=${2:?--root takes a folder}
    ROOT=${ROOT%/}
    shift
    ;;
  --evm)
    EVM=${2:?--evm takes fix or on}
    case $EVM in fix | on) ;; *) usage >&2 && exit 64 ;; esac
    shift
    ;;
  --disk)
    [ $# -ge 4 ] || { usage >&2 && exit 64; }
    DISK_NAME=$2
    DISK_DEVICE=$3
    DISK_SEALED=$4
    case $DISK_NAME in *[!A-Za-z0-9_]* | '') echo "integrity.sh: the disk's name takes letters, digits and _" >&2 && exit 64 ;; esac
    case $DISK_DEVICE$DISK_SEALED in *[[:space:]]*) echo "integrity.sh: no path with spaces" >&2 && exit 64 ;; esac
    shift 3
    ;;
  -h | --help) usage && exit 0 ;;
  *) usage >&2 && exit 64 ;;
  esac
  shift
done

STATE=$ROOT/var/lib/msec-integrity
say() { printf '%s\n' "$*"; }
fail() {
  printf 'integrity.sh: %s\n' "$*" >&2
  exit 1
}
# What is done to the running system; under another root it is only named.
run() {
  say "run: $*"
  if [ -z "$DRY$ROOT" ]; then "$@"; fi
}

# Keeps the first form of a file that is changed, or that there was none.
keep() {
  [ -z "$DRY" ] || return 0
  mkdir -p "$STATE/before"
  grep -qxF "$1" "$STATE/files" 2>/dev/null && return 0
  if [ -e "$ROOT$1" ]; then
    mkdir -p "$STATE/before$(dirname "$1")"
    cp -p "$ROOT$1" "$STATE/before$1"
  fi
  printf '%s\n' "$1" >>"$STATE/files"
  sync "$STATE/files"
}

# write PATH MODE: standard input becomes the file, whole or not at all.
write() {
  new=$(mktemp)
  cat >"$new"
  if cmp -s "$new" "$ROOT$1" 2>/dev/null; then
    say "same: $1"
  elif [ -n "$DRY" ]; then
    say "write: $1"
    sed 's/^/  | /' "$new"
  else
    say "write: $1"
    keep "$1"
    mkdir -p "$(dirname "$ROOT$1")"
    cp "$new" "$ROOT$1.msec-new"
    chmod "$2" "$ROOT$1.msec-new"
    sync "$ROOT$1.msec-new"
    mv "$ROOT$1.msec-new" "$ROOT$1"
  fi
  rm -f "$new"
}

undo() {
  [ -f "$STATE/files" ] || fail "nothing is set up: $STATE is not there"
  while IFS= read -r path; do
    if [ -e "$STATE/before$path" ]; then
      say "put back: $path"
      if [ -z "$DRY" ]; then cp -p "$STATE/before$path" "$ROOT$path.msec-new" && mv "$ROOT$path.msec-new" "$ROOT$path"; fi
    else
      say "remove: $path"
      if [ -z "$DRY" ]; then rm -f "$ROOT$path"; fi
    fi
  done <"$STATE/files"
  grep -qxF /etc/default/grub.d/90-msec-integrity.cfg "$STATE/files" && run update-grub
  run systemctl daemon-reload
  say "left: /etc/keys (without EVM's key nothing that it labelled can be checked)"
  if [ -z "$DRY" ]; then
    rm -rf "$STATE"
    find "$ROOT/usr/local/lib/msec" "$ROOT/etc/ima" -maxdepth 0 -empty -delete 2>/dev/null || :
  fi
  say "Restart the gateway."
}

# What is missing for measuring is an error; with --dry-run, or under another root, it is only said.
wants() {
  if [ -n "$DRY$ROOT" ]; then say "missing: $*"; else fail "$*"; fi
}

check() {
  [ -n "$DRY$ROOT" ] || [ "$(id -u)" = 0 ] || fail "must be run as root"
  grep -qE '^ID(_LIKE)?=.*debian' "$ROOT/etc/os-release" 2>/dev/null || wants "this is no Debian"
  config=
  for file in "$ROOT/boot/config-$(uname -r)" "$ROOT"/boot/config-*; do
    [ -f "$file" ] && config=$file && break
  done
  if [ -z "$config" ]; then
    wants "no kernel configuration in /boot: what the kernel can do is not known"
  else
    options='IMA AUDIT SECURITYFS TCG_TPM'
    if [ -n "$EVM" ]; then options="$options IMA_APPRAISE IMA_APPRAISE_BOOTPARAM EVM ENCRYPTED_KEYS"; fi
    for option in $options; do
      grep -q "^CONFIG_$option=[ym]" "$config" || wants "the kernel has no CONFIG_$option ($config)"
    done
  fi
  [ -n "$ROOT" ] || [ -c /dev/tpmrm0 ] || wants "no /dev/tpmrm0: without a TPM nobody can prove what was measured"
  [ -z "$EVM" ] || [ -e "$ROOT/bin/keyctl" ] || [ -e "$ROOT/usr/bin/keyctl" ] || wants "keyctl; apt-get install keyutils"
  [ -z "$DISK_NAME" ] || [ -e "$ROOT/sbin/cryptsetup" ] || [ -e "$ROOT/usr/sbin/cryptsetup" ] ||
    wants "cryptsetup; apt-get install cryptsetup"
  if [ "$EVM" = on ] && [ ! -e "$ROOT/etc/keys/evm-key.blob" ]; then wants "EVM has no key yet: --evm fix comes first"; fi
}

# The words that this script puts on the kernel's command line. tcb measures until systemd has loaded the policy. With
# the bpf module, which Debian turns on, Linux 6.1 reads a null pointer at the first new file once EVM has its key.
words() {
  printf 'ima_policy=tcb ima_template=ima-ng ima_hash=sha256 integrity_audit=1'
  if [ -n "$EVM" ]; then printf ' lsm=landlock,lockdown,yama,integrity,apparmor'; fi
  case $EVM in
  fix) printf ' ima_appraise=fix evm=fix' ;;
  on) printf ' ima_appraise=log' ;;
  esac
}

set_command_line() {
  raspberry=
  for file in /boot/firmware/cmdline.txt /boot/cmdline.txt; do
    [ -f "$ROOT$file" ] && raspberry=$file && break
  done
  if [ -n "$raspberry" ]; then
    # One line. Earlier words of the same names go, so that a second run changes nothing.
    line=$(head -n 1 "$ROOT$raspberry")
    kept=
    for word in $line; do
      case $word in ima_policy=* | ima_template=* | ima_hash=* | integrity_audit=* | ima_appraise=* | evm=* | lsm=*) ;; *) kept="$kept$word " ;; esac
    done
    printf '%s%s\n' "$kept" "$(words)" | write "$raspberry" 644
  elif [ -d "$ROOT/etc/default/grub.d" ] || [ -f "$ROOT/etc/default/grub" ]; then
    printf 'GRUB_CMDLINE_LINUX="%s %s"\n' "\$GRUB_CMDLINE_LINUX" "$(words)" | write /etc/default/grub.d/90-msec-integrity.cfg 644
    run update-grub
  else
    wants "neither GRUB nor cmdline.txt: put this on the kernel's command line yourself: $(words)"
  fi
}

unit() {
  write "/etc/systemd/system/$1" 644
  keep "/etc/systemd/system/$2.wants/$1"
  say "enable: $1 (wanted by $2)"
  if [ -z "$DRY" ]; then
    mkdir -p "$ROOT/etc/systemd/system/$2.wants"
    ln -sfn "/etc/systemd/system/$1" "$ROOT/etc/systemd/system/$2.wants/$1"
  fi
}

# Measured always; appraised with EVM: to label, whatever root's files are opened for; later what is executed.
ima_policy() {
  cat "$HERE/ima-policy"
  [ -n "$EVM" ] || return 0
  sed -n 's/^dont_measure/dont_appraise/p' "$HERE/ima-policy"
  printf 'dont_appraise fsmagic=0x01021994\n'
  if [ "$EVM" = fix ]; then printf 'appraise func=FILE_CHECK fowner=0\n'; fi
  printf 'appraise func=%s fowner=0\n' BPRM_CHECK MODULE_CHECK 'MMAP_CHECK mask=MAY_EXEC'
}

set_evm() {
  write /usr/local/lib/msec/evm-keys 755 <"$HERE/evm-keys"
  # Before whatever writes files, after the root file system can be written.
  unit msec-evm.service sysinit.target <<'UNIT'
[Unit]
Description=Key of EVM, from the TPM
DefaultDependencies=no
After=systemd-remount-fs.service
Before=sysinit.target systemd-tmpfiles-setup.service systemd-sysusers.service
ConditionPathExists=/sys/kernel/security/evm
ConditionPathExists=/etc/keys/evm-key.blob

[Service]
Type=oneshot
RemainAfterExit=yes
# The kernel looks for the key in the keyring of whoever enables EVM.
KeyringMode=shared
ExecStartPre=/usr/bin/udevadm wait --timeout=20 /dev/tpmrm0
ExecStart=/usr/local/lib/msec/evm-keys load

[Install]
WantedBy=sysinit.target
UNIT
  if [ "$EVM" = fix ] && [ ! -e "$ROOT/etc/keys/evm-key.blob" ]; then run /usr/local/lib/msec/evm-keys make 0,2,4,7; fi
  if [ "$EVM" = fix ]; then
    say "After the restart read every file of root once, which labels it; then set --evm on and restart again:"
    say "  find / -xdev -type f -uid 0 -exec head -qc 1 {} + >/dev/null"
  fi
}

set_disk() {
  unit "msec-disk-$DISK_NAME.service" cryptsetup.target <<UNIT
[Unit]
Description=Key of the disk $DISK_NAME, from the TPM in the trusted state
DefaultDependencies=no
After=local-fs-pre.target
Before=systemd-cryptsetup@$DISK_NAME.service cryptsetup.target

[Service]
Type=oneshot
RemainAfterExit=yes
WorkingDirectory=/
ExecStartPre=/usr/bin/udevadm wait --timeout=20 /dev/tpmrm0
ExecStart=/usr/local/bin/msec device unseal $DISK_SEALED --tpm device:/dev/tpmrm0 --out /run/msec-$DISK_NAME.key

[Install]
WantedBy=cryptsetup.target
UNIT
  # Where the TPM gives no key there is no file, and systemd asks for the recovery key.
  line="$DISK_NAME $DISK_DEVICE /run/msec-$DISK_NAME.key luks,keyfile-erase,tries=3"
  { grep -vE "^[[:space:]]*${DISK_NAME}[[:space:]]" "$ROOT/etc/crypttab" 2>/dev/null || :; printf '%s\n' "$line"; } |
    write /etc/crypttab 600
}

if [ -n "$UNDO" ]; then
  undo
  exit 0
fi
check
# systemd hands it to the kernel before it starts anything else.
ima_policy | write /etc/ima/ima-policy 644
set_command_line
if [ -n "$EVM" ]; then set_evm; fi
if [ -n "$DISK_NAME" ]; then set_disk; fi
run systemctl daemon-reload
if [ -n "$DRY" ]; then say "Nothing was changed."; else say "Restart the gateway. --undo takes all of it back."; fi
