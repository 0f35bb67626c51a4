/**
 * Devices that lose or regain trust, as syslog messages, beside what their own kernels report there: one for each change
 * of a device's state, out of the topic of all states. The first proof of a device is none of interest.
 */
import { hostname } from 'node:os';
import { type Clock, type Emit, errorData, type Log, type Plan } from '../../engine/index.ts';
import { type Attestation, decodeAttestation, type TrustState } from '../../schemas/index.ts';
import { DEVICE_ATTESTATION } from '../../schemas/topics/index.ts';
import {
  type Facility,
  parseSyslogAddress,
  SEVERITY,
  type SyslogMessage,
  SyslogSink,
  type SyslogSource,
} from '../../sinks/syslog/index.ts';
import type { Config } from '../config/index.ts';

const SYSLOG_GROUP = 'city.syslog';
const DEVICES_REMEMBERED_MAX = 100_000;

export interface SyslogOutput {
  close(): Promise<void>;
}

export interface SyslogOptions {
  readonly config: Config;
  readonly plan: Plan;
  readonly log: Log;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** Null where no receiver is named, or nobody is attested. CONFIG_INVALID. */
export async function openSyslog({ config, plan, log, clock, emit }: SyslogOptions): Promise<SyslogOutput | null> {
  const to = config['syslog.address'];
  const topic = plan.topics.find(({ name }) => name === DEVICE_ATTESTATION);
  if (to === null || topic === undefined) return null;
  const violations = new Violations();
  const sink = await SyslogSink.open({
    ...{ log, reader: log.openReader(), clock },
    ...{ topic: topic.name, partitions: topic.partitions, group: SYSLOG_GROUP },
    address: parseSyslogAddress(to),
    sender: {
      facility: config['syslog.facility'] as Facility,
      host: hostname(),
      application: 'msec',
      process: String(process.pid),
    },
    message: (record) => violations.messageOf(record),
    onFailure: (error) => {
      const { code, message } = errorData(error);
      emit('unexpectedError', { where: `syslog to ${to}`, code, error: message });
    },
  });
  const stop = new AbortController();
  const running = sink.run(stop.signal).catch((error: unknown) => {
    const { code, message } = errorData(error);
    emit('unexpectedError', { where: `syslog to ${to}`, code, error: message });
  });
  return {
    async close() {
      stop.abort();
      await running;
      await sink.close();
    },
  };
}

const SEVERITIES: Readonly<Record<TrustState, SyslogMessage['severity']>> = {
  unknown: SEVERITY.notice,
  trusted: SEVERITY.notice,
  suspect: SEVERITY.warning,
  quarantined: SEVERITY.error,
  revoked: SEVERITY.alert,
};

/** The topic has a record for each proof, too: what was said of a device is not said again. */
export class Violations {
  /** The number of the change of state that was told last. */
  readonly #told = new Map<string, number>();

  messageOf({ key, value }: SyslogSource): SyslogMessage | undefined {
    if (value === null) {
      if (key !== null) this.#told.delete(key);
      return undefined;
    }
    const attestation = decodeAttestation(value);
    const { device, state, transitions } = attestation;
    const before = this.#told.get(device);
    if (before === transitions) return undefined;
    this.#told.delete(device);
    if (this.#told.size >= DEVICES_REMEMBERED_MAX) this.#told.delete(this.#told.keys().next().value as string);
    this.#told.set(device, transitions);
    // Since a restart nothing is remembered; but a device that has gone on proving itself was told of before.
    if (before === undefined && state === 'trusted' && attestation.provenAt > attestation.since) return undefined;
    return isOfInterest(attestation) ? messageOf(attestation, state) : undefined;
  }
}

/** A device that is new, or proves itself for the first time, violates nothing. */
function isOfInterest({ state, history }: Attestation): boolean {
  if (state === 'unknown') return false;
  if (state !== 'trusted') return true;
  return history.some((transition) => transition.state !== 'trusted' && transition.state !== 'unknown');
}

function messageOf(attestation: Attestation, state: TrustState): SyslogMessage {
  const { device, since, reason, says, log, entry, pcr, path } = attestation;
  return {
    severity: SEVERITIES[state],
    atMs: since,
    id: state,
    data: {
      device,
      reason,
      ...(log === '' ? {} : { log, entry: String(entry) }),
      ...(pcr < 0 ? {} : { pcr: String(pcr) }),
      ...(path === '' ? {} : { path }),
    },
    text: `${device} is ${state}: ${says === '' ? reason : says}`,
  };
}
