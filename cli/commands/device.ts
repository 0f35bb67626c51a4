/** `msec device`: enrol, list, revoke, reset, rotate; the receiver's key for sessions. */
import { userInfo } from 'node:os';
import { MsecError } from '../../engine/base/index.ts';
import { makeSessionKey, newestSessionKey } from '../../services/session-keys/index.ts';
import { dataFolder } from '../city/index.ts';
import type { CommonFlags } from '../common-flags.ts';
import { placeOf, placeText } from '../place-flag.ts';
import { note, paint, print, printJson, table, UsageError } from '../terminal.ts';
import { publicKeyOf, withAdmin } from './log-access.ts';
import { settingsOf } from './settings.ts';

export interface DecideFlags extends CommonFlags {
  readonly why: string;
  readonly by?: string;
}

export interface AddFlags extends CommonFlags {
  readonly type: string;
  readonly identity: string;
  readonly zone?: string;
  readonly at?: string;
  readonly batch?: string;
  readonly publicKey?: string;
  readonly modes?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  readonly credential: boolean;
}

interface DeviceView {
  readonly deviceId: string;
  readonly type: string;
  readonly state: string;
  readonly identity: string;
  readonly timeZone: string;
  readonly keys: readonly { readonly keyId: string; readonly state: string }[];
  readonly createdAt: string;
}

interface EnrolmentView extends DeviceView {
  readonly secrets: {
    readonly token: string | null;
    readonly privateKeyPem: string | null;
    readonly keyId: string | null;
  };
}

export async function addDevice(flags: AddFlags, id: string): Promise<number> {
  const { config } = settingsOf(flags);
  const request = {
    deviceId: id,
    type: flags.type,
    identity: flags.identity,
    ...(flags.zone === undefined ? {} : { timeZone: flags.zone }),
    ...(flags.at === undefined ? {} : { place: placeOf(flags.at) }),
    ...(flags.batch === undefined ? {} : { batch: flags.batch }),
    ...(flags.publicKey === undefined ? {} : { publicKey: publicKeyOf(flags.publicKey) }),
    ...(flags.modes === undefined ? {} : { modes: flags.modes.split(',') }),
    ...(flags.notBefore === undefined ? {} : { notBeforeMs: momentOf(flags.notBefore, 'not-before') }),
    ...(flags.notAfter === undefined ? {} : { notAfterMs: momentOf(flags.notAfter, 'not-after') }),
    ...(flags.credential ? {} : { credential: false }),
  };
  const enrolled = (await withAdmin(config, (admin) => admin.add(request), { mayMake: true })) as EnrolmentView;
  showSecrets(flags, enrolled, `${enrolled.deviceId} is enrolled.`);
  if (!flags.json) {
    const { deviceId } = enrolled;
    note(`It sends to devices/${deviceId}/frames over MQTT or to /v1/frames over HTTP: docs/bridges.md shows how.`);
  }
  return 0;
}

function momentOf(text: string, flag: string): number {
  const atMs = Date.parse(text);
  if (!Number.isNaN(atMs)) return atMs;
  throw new MsecError('CONFIG_INVALID', `--${flag} takes a time such as 2027-01-31 or 2027-01-31T12:00:00Z.`, {
    field: flag,
  });
}

function showSecrets(flags: CommonFlags, enrolled: EnrolmentView, says: string): void {
  if (flags.json) {
    printJson(enrolled);
    return;
  }
  const { token, privateKeyPem, keyId } = enrolled.secrets;
  note(paint('green', says, process.stderr));
  if (token !== null || privateKeyPem !== null) note('This is shown once and stored nowhere:');
  if (token !== null) print(`token: ${token}`);
  if (keyId !== null) print(`key id: ${keyId}`);
  if (privateKeyPem !== null) print(privateKeyPem.trimEnd());
}

export interface ListFlags extends CommonFlags {
  readonly after?: string;
  readonly limit?: number;
}

const PAGE = 1_000;

/** Page after page, so that neither side ever holds a whole registry. */
export async function listDevices(flags: ListFlags): Promise<number> {
  const { config } = settingsOf(flags);
  const limit = flags.limit ?? Number.POSITIVE_INFINITY;
  if (limit < 1) throw new UsageError(`--limit takes 1 or more, not ${limit}`);
  await withAdmin(config, async (admin) => {
    let after = flags.after ?? '';
    for (let told = 0; ; ) {
      const page = await admin.list(after, Math.min(PAGE, limit - told));
      const isFirst = told === 0;
      if (isFirst && page.total === 0 && !flags.json) note('No device is enrolled. msec device add --help shows how.');
      showPage(flags, page.devices as readonly DeviceView[], isFirst);
      told += page.devices.length;
      if (page.next === null) return;
      after = page.next;
      if (told >= limit) {
        note(`${told} of ${page.total} devices; --after ${after} goes on.`);
        return;
      }
    }
  });
  return 0;
}

function showPage(flags: CommonFlags, devices: readonly DeviceView[], withTitles: boolean): void {
  if (flags.json) for (const device of devices) printJson(device);
  if (flags.json || devices.length === 0) return;
  const columns = ['DEVICE', 'TYPE', 'STATE', 'IDENTITY', 'ZONE', 'ACTIVE KEY', 'SINCE'].map((title) => ({ title }));
  const rows = devices.map((device) => [
    device.deviceId,
    device.type,
    device.state,
    device.identity,
    device.timeZone,
    device.keys.find(({ state }) => state === 'active')?.keyId ?? '-',
    device.createdAt.slice(0, 10),
  ]);
  for (const line of table(columns, rows).slice(withTitles ? 0 : 1)) print(line);
}

const DONE = {
  revoke: 'is revoked: nothing it sends from now on passes.',
  reset: 'is reset: its next frame may have any sequence number.',
  rotate: 'has a new key and token; the earlier ones have ended.',
} as const;

export async function changeDevice(flags: CommonFlags, action: keyof typeof DONE, id: string): Promise<number> {
  const { config } = settingsOf(flags);
  const changed = await withAdmin(config, (admin) => admin.change(action, id));
  if (action === 'rotate') showSecrets(flags, changed as EnrolmentView, `${id} ${DONE.rotate}`);
  else if (flags.json) printJson(changed);
  else print(`${id} ${DONE[action]}`);
  return 0;
}

export interface PlaceFlags extends CommonFlags {
  readonly at?: string;
  readonly nowhere?: boolean;
}

/** Where a device stands, for the map of the page. */
export async function placeDevice(flags: PlaceFlags, id: string): Promise<number> {
  if ((flags.at === undefined) === (flags.nowhere !== true)) throw new UsageError('name one of --at and --nowhere');
  const { config } = settingsOf(flags);
  const place = placeOf(flags.at) ?? null;
  const changed = await withAdmin(config, (admin) => admin.place(id, { place }));
  if (flags.json) printJson(changed);
  else print(place === null ? `${id} has no place.` : `${id} stands at ${placeText(place)}.`);
  return 0;
}

export interface ReceiverFlags extends CommonFlags {
  readonly new?: boolean;
}

/** What devices agree on session keys with. The first call makes it. */
export async function showReceiver(flags: ReceiverFlags): Promise<number> {
  const { config } = settingsOf(flags);
  const { keys } = dataFolder(config.data, config['keys.folder']);
  const known = flags.new === true ? null : newestSessionKey(keys);
  const { publicKey, keyId } = known ?? (await makeSessionKey(keys));
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString().trimEnd();
  const id = Buffer.from(keyId).toString('hex');
  if (flags.json) {
    printJson({ keyId: id, publicKey: pem });
    return 0;
  }
  print(`key id: ${id}`);
  print(pem);
  return 0;
}

/** What becomes of the frames that are held of a device; recorded for ever with who decided it, and why. */
export async function decideFrames(flags: DecideFlags, decision: 'release' | 'drop', id: string): Promise<number> {
  const { config } = settingsOf(flags);
  const by = flags.by ?? userInfo().username;
  const done = await withAdmin(config, (admin) => admin.decide(decision, id, { by, why: flags.why }));
  const { frames } = done as { readonly frames: number };
  if (flags.json) printJson({ deviceId: id, decision, frames });
  else {
    const what = frames === 1 ? `1 held frame of ${id} is` : `${frames} held frames of ${id} are`;
    print(`${what} ${decision === 'release' ? 'released' : 'dropped'}.`);
  }
  return 0;
}
