/**
 * `msec device attest`: the agent that answers an engine's challenges beside a device, with the device's TPM and the logs of
 * its kernel. It runs where the device runs and needs nothing of the engine but the address of a bridge.
 */
import { existsSync } from 'node:fs';
import { MsecError, systemClock } from '../../engine/base/index.ts';
import {
  type AgentEvent,
  AttestationAgent,
  type AttestationChannel,
  HttpChannel,
  type LogFiles,
  MqttChannel,
  tpmEvidence,
} from '../../firmware/attestation/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { fileOfFlag, tpmOfFlags } from '../device-tpm.ts';
import { pcrsOf } from '../pcr-flag.ts';
import { watchSignals } from '../signals.ts';
import { note, paint, print, printJson } from '../terminal.ts';
import { settingsOf } from './settings.ts';

export interface AttestFlags extends CommonFlags {
  readonly bridge: string;
  readonly tokenFile?: string;
  readonly tpm?: string;
  readonly pcrs?: string;
  readonly bootLog?: string;
  readonly ima?: string;
  /** False: the kernel's logs are not taken by themselves. */
  readonly logs?: boolean;
  /** Seconds. */
  readonly watch: number;
  readonly answers?: number;
}

const KERNEL_LOGS = {
  bootLog: '/sys/kernel/security/tpm0/binary_bios_measurements',
  ima: '/sys/kernel/security/ima/binary_runtime_measurements',
};

export async function attestDevice(flags: AttestFlags, id: string): Promise<number> {
  const { config } = settingsOf(flags);
  const channel = channelTo(flags.bridge, { deviceId: id, token: tokenOf(flags) });
  const files = logFiles(flags);
  const boundTo = pcrsOf(flags.pcrs);
  const tpm = await tpmOfFlags(flags, config.data);
  const stopping = new AbortController();
  const stop = watchSignals(process, systemClock, () => stopping.abort());
  void stop.requested.then(() => stopping.abort());
  try {
    if (!flags.json) {
      note(`${id} answers the challenges of ${flags.bridge} with the TPM at ${tpm.address}`);
      note(`boot log: ${files.bootLog ?? 'none'}; IMA list: ${files.ima ?? 'none'}`);
    }
    const agent = new AttestationAgent({
      source: tpmEvidence({ connect: () => tpm.connect(), boundTo, files }),
      channel,
      clock: systemClock,
      noticeEveryMs: files.ima === null ? 0 : flags.watch * 1000,
      ...(flags.answers === undefined ? {} : { answersMax: flags.answers }),
      onEvent: (event) => (flags.json ? printJson(event) : tell(event)),
    });
    await agent.run(stopping.signal);
    return 0;
  } finally {
    stop.release();
    await tpm.close();
  }
}

function channelTo(text: string, credential: { deviceId: string; token: string }): AttestationChannel {
  let url: URL | null = null;
  try {
    url = new URL(text);
  } catch {
    // Said below.
  }
  const isMqtt = url?.protocol === 'mqtt:' || url?.protocol === 'mqtts:';
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:';
  if (url === null || (!isMqtt && !isHttp) || url.hostname === '' || url.username !== '') {
    throw new MsecError(
      'CONFIG_INVALID',
      `--bridge takes mqtt://HOST:PORT, mqtts://…, http://… or https://…; it is "${text}".`,
      { field: 'bridge' },
    );
  }
  if (isHttp) return new HttpChannel(url.origin, credential, systemClock);
  const isTls = url.protocol === 'mqtts:';
  const port = url.port === '' ? (isTls ? 8883 : 1883) : Number(url.port);
  return new MqttChannel({ host: url.hostname.replace(/^\[|\]$/g, ''), port, isTls }, credential, systemClock);
}

function tokenOf({ tokenFile }: AttestFlags): string {
  const token = (tokenFile === undefined ? process.env.MSEC_DEVICE_TOKEN : fileOfFlag(tokenFile, 'token-file'))?.trim();
  if (token !== undefined && token !== '') return token;
  const what = tokenFile === undefined ? 'The device needs its token' : `${tokenFile} is empty`;
  throw new MsecError(
    'CONFIG_INVALID',
    `${what}: --token-file FILE, or the environment variable MSEC_DEVICE_TOKEN. It was shown when the device was enrolled.`,
    { field: 'token-file' },
  );
}

/** The kernel's own where they are; a file that is named must be there. */
function logFiles(flags: AttestFlags): LogFiles {
  const of = (named: string | undefined, flag: string, kernel: string): string | null => {
    if (named === undefined) return flags.logs !== false && existsSync(kernel) ? kernel : null;
    if (existsSync(named)) return named;
    throw new MsecError('CONFIG_INVALID', `There is no ${named}, the file of --${flag}.`, { field: flag });
  };
  return {
    bootLog: of(flags.bootLog, 'boot-log', KERNEL_LOGS.bootLog),
    ima: of(flags.ima, 'ima', KERNEL_LOGS.ima),
  };
}

function tell(event: AgentEvent): void {
  if (event.event === 'answered') print(`challenge ${event.challenge}: answered, ${event.bytes} bytes`);
  else if (event.event === 'noticed') print(`${event.entries} new IMA entries told`);
  else if (event.event === 'refused')
    print(paint('red', `challenge ${event.challenge}: the bridge refused the evidence`));
  else if (event.event === 'failed') note(paint('yellow', `${event.message} [${event.code}]`, process.stderr));
}
