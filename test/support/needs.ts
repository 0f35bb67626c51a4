/**
 * Parts outside the repository that some tests need (Java, Chromium, Mosquitto, Python, a TPM, reference data). A missing part skips
 * the test loudly, with the one command that installs it; where CI=true nothing may be skipped, so it fails instead.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the clone, wherever it lies. */
export const repositoryRoot: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const apt = (packages: string): string => `apt-get install --no-install-recommends ${packages}`;

interface Program {
  /** The program's names on PATH, the first that is found counts. */
  readonly names: readonly string[];
  readonly install: string;
}

const PROGRAMS = {
  'arm-none-eabi-gcc': {
    names: ['arm-none-eabi-gcc'],
    install: apt('gcc-arm-none-eabi libnewlib-arm-none-eabi'),
  },
  chromium: { names: ['chromium', 'chromium-browser', 'google-chrome'], install: apt('chromium') },
  'clang-14': { names: ['clang-14'], install: apt('clang-14 libclang-rt-14-dev') },
  curl: { names: ['curl'], install: apt('curl') },
  gcc: { names: ['gcc'], install: apt('gcc libc6-dev') },
  git: { names: ['git'], install: apt('git') },
  go: { names: ['go'], install: apt('golang-go') },
  ip: { names: ['ip'], install: apt('iproute2') },
  java: { names: ['java'], install: apt('openjdk-17-jre-headless') },
  javac: { names: ['javac'], install: apt('openjdk-17-jdk-headless') },
  make: { names: ['make'], install: apt('make') },
  mosquitto: { names: ['mosquitto'], install: apt('mosquitto') },
  mosquitto_pub: { names: ['mosquitto_pub'], install: apt('mosquitto-clients') },
  mosquitto_sub: { names: ['mosquitto_sub'], install: apt('mosquitto-clients') },
  mvn: { names: ['mvn'], install: apt('maven') },
  nft: { names: ['nft'], install: apt('nftables') },
  python3: { names: ['python3'], install: apt('python3 python3-venv') },
  openssl: { names: ['openssl'], install: apt('openssl') },
  rsyslogd: { names: ['rsyslogd'], install: apt('rsyslog') },
  suricata: { names: ['suricata'], install: apt('-t bookworm-backports suricata') },
  swtpm: { names: ['swtpm'], install: apt('swtpm') },
  swtpm_localca: { names: ['swtpm_localca'], install: apt('swtpm-tools') },
  swtpm_setup: { names: ['swtpm_setup'], install: apt('swtpm-tools') },
  tcpdump: { names: ['tcpdump'], install: apt('tcpdump') },
  tpm2_sign: { names: ['tpm2_sign'], install: apt('tpm2-tools') },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof PROGRAMS;
export type Part = ProgramName | 'device-headers' | 'packet-capture' | 'python3-venv' | 'root' | 'shared-data';

/** Of the libraries that the firmware's Linux port is linked with. */
const DEVICE_HEADERS = ['/usr/include/mosquitto.h', '/usr/include/tss2/tss2_esys.h'];

/** What `needs` uses of a tap test, the root's or a case's. */
interface SkippableTest {
  end(): unknown;
  fail(message: string): unknown;
  plan(assertions: number, comment: string): unknown;
}

/** Absolute path of a program on PATH; Debian keeps daemons in /usr/sbin, which a user's PATH may lack. */
export function findProgram(name: ProgramName, path: string = process.env.PATH ?? ''): string | undefined {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), '/usr/sbin', '/usr/local/sbin'];
  for (const candidate of PROGRAMS[name].names) {
    for (const folder of folders) {
      const file = join(folder, candidate);
      if (isExecutable(file)) return file;
    }
  }
  return undefined;
}

/** The path of a program that `needs` has said is there; throws where it is not. */
export function programPath(name: ProgramName): string {
  const file = findProgram(name);
  if (file === undefined) throw new Error(`${name} is not installed; ${PROGRAMS[name].install}`);
  return file;
}

/** A path in the reference data that lies beside the repository, in ../shared/data. */
export function sharedData(...path: readonly string[]): string {
  return join(dirname(repositoryRoot), 'shared', 'data', ...path);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** What is missing for a part and how to get it; undefined where the part is there. */
export function missing(part: Part): string | undefined {
  if (part === 'shared-data') {
    if (existsSync(sharedData())) return undefined;
    return 'the reference data is missing: place or link it beside the repository as ../shared/data';
  }
  if (part === 'device-headers') {
    if (DEVICE_HEADERS.every((file) => existsSync(file))) return undefined;
    return `headers of the firmware's libraries are missing: ${apt('libmosquitto-dev libtss2-dev')}`;
  }
  if (part === 'packet-capture') {
    const tcpdump = findProgram('tcpdump');
    if (tcpdump === undefined) return `tcpdump is missing: ${PROGRAMS.tcpdump.install}`;
    // Asks for the interface's link types, for which it has to open it.
    if (spawnSync(tcpdump, ['-L', '-i', 'lo']).status === 0) return undefined;
    return 'packets may not be captured: run the tests as root, or with CAP_NET_RAW';
  }
  // Debian packs apart what makes an environment of its own.
  if (part === 'python3-venv') {
    const python = findProgram('python3');
    if (python !== undefined && spawnSync(python, ['-c', 'import ensurepip']).status === 0) return undefined;
    return `python3-venv is missing: ${PROGRAMS.python3.install}`;
  }
  if (part === 'root') return process.getuid?.() === 0 ? undefined : 'only root may do it: run the tests as root';
  if (findProgram(part) !== undefined) return undefined;
  return `${part} is missing: ${PROGRAMS[part].install}`;
}

/**
 * True where every part is there. Otherwise the running test ends as skipped, or as failed where CI=true, and the
 * caller returns at once: `if (!needs(t, 'java', 'mvn')) return;`. Call it before the test's first assertion.
 */
export function needs(test: SkippableTest, ...parts: readonly Part[]): boolean {
  const reasons = parts.map(missing).filter((reason) => reason !== undefined);
  if (reasons.length === 0) return true;
  const reason = reasons.join('; ');
  if (process.env.CI === 'true') {
    test.fail(`CI=true and ${reason}`);
    test.end();
  } else {
    test.plan(0, reason);
  }
  return false;
}
