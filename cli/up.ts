/**
 * `msec up`: the main job in this terminal. The console answers first, so that the address can be opened while the rest
 * starts; a signal drains, and nothing is acknowledged or lost on the way out.
 */
import { type Console, startConsole } from '../console/index.ts';
import { errorData, MsecError, openEventLog, systemClock } from '../engine/index.ts';
import { DEVICE_READINGS } from '../schemas/topics/index.ts';
import {
  adminToken,
  type City,
  type DataFolder,
  dataFolder,
  deviceRateNote,
  forgetRunning,
  isOnKafka,
  logName,
  makeDataFolder,
  noteRunning,
  openCity,
  workersOf,
} from './city/index.ts';
import type { Config, LoadedConfig } from './config/index.ts';
import { EXIT } from './exit-codes.ts';
import { watchSignals } from './signals.ts';
import { note, paint, print, printJson } from './terminal.ts';
import { VERSION } from './version.ts';

export interface UpOptions extends LoadedConfig {
  readonly json: boolean;
}

/** Resolves with the exit code when it has drained. */
export async function up(options: UpOptions): Promise<number> {
  const { config, set, json } = options;
  const startedAt = systemClock.monotonic();
  const folder = dataFolder(config.data, config['keys.folder']);
  makeDataFolder(folder);
  const isOnTerminal = process.stdout.isTTY === true;
  const logFile = config['logging.file'] ?? (isOnTerminal ? folder.eventLog : 2);
  const events = await openEventLog({ level: config['logging.level'], to: logFile });
  const { emit } = events;
  const stop = watchSignals(process, systemClock, (because) => {
    emit('shutdownForced', { because });
    events.flush();
    note(
      `\nmsec: ${because}; stopped without draining. What was acknowledged is kept, the rest is repeated at the next start.`,
    );
    process.exit(EXIT.forced.code);
  });
  const tokenFile = config['console.adminTokenFile'];
  const page = await startConsole({
    host: config['console.host'],
    port: config['console.port'],
    mayMovePort: !set.has('console.port'),
    adminToken: adminToken(tokenFile ?? folder.adminToken, tokenFile === null, process.env.MSEC_ADMIN_TOKEN),
    version: VERSION,
    clock: systemClock,
    onFailure: (where, error) => {
      const { code, message } = errorData(error);
      emit('unexpectedError', { where, code, error: message });
    },
  });
  emit('consoleListening', { address: page.address });
  let city: City;
  try {
    city = await openCity({ config, set, folder, clock: systemClock, emit }, page);
  } catch (error) {
    stop.release();
    await page.close();
    events.flush();
    throw friendly(error, folder, config);
  }
  noteRunning(folder, { pid: process.pid, log: logName(config), console: page.address });
  greet(options, page, city, folder, systemClock.monotonic() - startedAt);
  const progress = isOnTerminal && !json ? showProgress(city) : null;
  const because = await stop.requested;
  progress?.stop();
  if (!json) note(`\n${paint('dim', `${because}: draining…`, process.stderr)}`);
  emit('engineDraining', { because });
  const drainedAt = systemClock.monotonic();
  let exitCode: number = EXIT.ok.code;
  try {
    await city.drain();
  } catch (error) {
    const { code, message } = errorData(error);
    emit('unexpectedError', { where: 'drain', code, error: message });
    note(`msec: not everything closed in order: ${message} [${code}]`);
    exitCode = EXIT.software.code;
  }
  await page.close();
  forgetRunning(folder);
  events.flush();
  stop.done();
  if (!json && exitCode === 0)
    note(
      paint(
        'dim',
        `Stopped after ${((systemClock.monotonic() - drainedAt) / 1000).toFixed(1)} s; everything is ${isOnKafka(config) ? 'committed' : 'on the disk'}.`,
        process.stderr,
      ),
    );
  return exitCode;
}

/** What is most likely meant by the failures of a start. */
function friendly(error: unknown, folder: DataFolder, config: Config): unknown {
  if (!(error instanceof MsecError)) return error;
  if (error.code === 'LOG_LOCKED') {
    return new MsecError(
      'LOG_LOCKED',
      `Another msec runs in ${folder.path}. Stop it, or start this one elsewhere: msec up --data ./other`,
      { cause: error },
    );
  }
  if (error.code === 'TOPIC_CONFLICT' && error.field === 'partitions') {
    return new MsecError(
      'TOPIC_CONFLICT',
      `log.partitions cannot change once there are topics (${error.message}): set it back, or use another --data folder.`,
      { cause: error, field: 'log.partitions' },
    );
  }
  if (error.code === 'DEPENDENCY_DOWN' && isOnKafka(config)) {
    return new MsecError('DEPENDENCY_DOWN', `Kafka (${config['kafka.bootstrap'].join(', ')}): ${error.message}`, {
      cause: error,
    });
  }
  return error;
}

function greet(
  { config, set, file, json }: UpOptions,
  page: Console,
  city: City,
  folder: DataFolder,
  tookMs: number,
): void {
  const bridges = Object.fromEntries(city.bridges.open.map(({ name, address }) => [name, address]));
  if (json) {
    printJson({
      event: 'running',
      console: page.address,
      ...bridges,
      registry: city.registry,
      ...(isOnKafka(config) ? { kafka: config['kafka.bootstrap'], application: config['kafka.applicationId'] } : {}),
      data: folder.path,
      pid: process.pid,
      workers: workersOf(config),
      ...(city.keylessNote === null ? {} : { note: city.keylessNote }),
      ...(city.rulesNote === null ? {} : { rulesNote: city.rulesNote }),
    });
    return;
  }
  const moved = [
    ...(config['console.port'] !== 0 && page.port !== config['console.port']
      ? [`port ${config['console.port']} is taken, so the console took ${page.port}`]
      : []),
    ...city.bridges.open
      .filter(({ hasMoved }) => hasMoved)
      .map(({ name, port }) => `port ${config[`${name}.port`]} is taken, so ${name.toUpperCase()} took ${port}`),
  ];
  const rows: [string, string][] = [
    ['Console', paint('underline', page.address)],
    ...city.bridges.open.map(({ name, address }): [string, string] => [name.toUpperCase(), address]),
    ...(city.registry === null ? [] : [['Schemas', city.registry] as [string, string]]),
    ...(isOnKafka(config)
      ? [['Kafka', `${config['kafka.bootstrap'].join(', ')}, as ${config['kafka.applicationId']}`] as [string, string]]
      : []),
    ['Data', `${folder.path}${file === null ? '' : `  (configured by ${file})`}`],
    ...(city.files === null ? [] : [['Files', city.files.folder] as [string, string]]),
    ...(city.hasFleet
      ? [
          ['Fleet', `${config['fleet.devices']} simulated devices, ${config['fleet.rate']} frames per second`] as [
            string,
            string,
          ],
        ]
      : []),
    ['Workers', String(workersOf(config))],
  ];
  print();
  print(`  ${paint('bold', 'msec')} ${paint('dim', `${VERSION}, running after ${(tookMs / 1000).toFixed(1)} s`)}`);
  print();
  for (const [name, value] of rows) print(`  ${paint('dim', name.padEnd(9))}${value}`);
  const rateNote = deviceRateNote(config, set);
  if (rateNote !== null) print(`  ${paint('yellow', rateNote)}`);
  if (city.keylessNote !== null) print(`  ${paint('yellow', city.keylessNote)}`);
  if (city.rulesNote !== null) print(`  ${paint('yellow', city.rulesNote)}`);
  for (const line of moved) print(`  ${paint('yellow', line)}`);
  if (config.unsignedFrom.length > 0)
    print(`  ${paint('yellow', `frames without a signature are taken from ${config.unsignedFrom.join(', ')}`)}`);
  print();
  print(`  ${paint('dim', 'Ctrl-C stops it; the next start goes on from there.')}`);
  print();
}

const PROGRESS_MS = 1_000;

/** One line that keeps itself up to date, where a person looks. */
function showProgress(city: City): { stop(): void } {
  let timer = systemClock.after(0, tick);
  let isStopped = false;
  let before: { readings: number; at: number } | undefined;
  function tick(): void {
    void city.recordsIn(DEVICE_READINGS).then(
      (readings) => {
        if (isStopped) return;
        const at = systemClock.monotonic();
        const speed = before === undefined ? 0 : ((readings - before.readings) * 1000) / (at - before.at);
        before = { readings, at };
        process.stdout.write(
          `\r\x1b[2K  ${paint('dim', `${readings.toLocaleString('en')} readings, ${Math.round(speed).toLocaleString('en')} per second`)}`,
        );
        timer = systemClock.after(PROGRESS_MS, tick);
      },
      () => undefined,
    );
  }
  return {
    stop() {
      isStopped = true;
      timer.cancel();
      process.stdout.write('\r\x1b[2K');
    },
  };
}
