/** A disk's key on a real software TPM: given out in the state that it is sealed to, and in no other. */
import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { MsecError, systemRandom } from '../../../engine/base/index.ts';
import {
  decodeSealedKey,
  encodeSealedKey,
  parseRecoveryText,
  presentState,
  recoverKey,
  recoveryText,
  type SealedKey,
  type SealedState,
  sealForRecovery,
  sealKey,
  storageKey,
  unsealKey,
} from '../../../firmware/provision/index.ts';
import { connectSocket, extendPcr, type PcrSelection, pcrs, type SaltKey, Tpm } from '../../../firmware/tpm/index.ts';
import { needs } from '../../support/needs.ts';
import { type Swtpm, startSwtpm } from '../../support/swtpm.ts';
import { startTpmRecorder } from '../../support/tpm-recorder.ts';

const SELECTION: PcrSelection = pcrs(0, 4, 7);
const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
const LOADER = sha(Buffer.from('boot loader'));
const NEW_LOADER = sha(Buffer.from('boot loader of the next version'));
const ZEROS = Buffer.alloc(32);
const refused = (says: RegExp) => ({ code: 'UNSEAL_REFUSED', message: says });

const boot = async (swtpm: Swtpm, loader = LOADER) => {
  await swtpm.restart();
  const tpm = await swtpm.open();
  await extendPcr(tpm, 4, loader);
  await tpm.close();
};
/** As the commands do: first the storage key's Name, then sessions salted to it. */
const withStorage = async <T>(
  open: (saltKey?: SaltKey) => Promise<Tpm>,
  use: (tpm: Tpm, of: Parameters<typeof unsealKey>[1]) => Promise<T>,
) => {
  const first = await open();
  const storage = await storageKey(first);
  await first.close();
  const tpm = await open(storage);
  try {
    return await use(tpm, storage);
  } finally {
    await tpm.close();
  }
};

t.test('a key that is sealed to PCRs', async (t) => {
  if (!needs(t, 'swtpm')) return;
  const swtpm = await startSwtpm();
  t.teardown(() => swtpm.stop());
  const [key, recoveryKey] = [randomBytes(32), randomBytes(32)];
  const recovery = sealForRecovery(key, recoveryKey, systemRandom);
  const direct = (saltKey?: SaltKey) => swtpm.open(saltKey === undefined ? {} : { saltKey });
  const unsealed = (sealed: SealedKey) => withStorage(direct, (tpm, storage) => unsealKey(tpm, storage, sealed));
  const made = (coming: readonly SealedState[] = []) =>
    withStorage(direct, async (tpm, storage) => {
      const states = [await presentState(tpm, SELECTION, 'the first start'), ...coming];
      return await sealKey(tpm, storage, key, { selection: SELECTION, states, recovery });
    });
  await boot(swtpm);
  const sealed = await made();

  await t.test(
    'comes out in the trusted state, as often as one asks, also after a restart to that state',
    async (t) => {
      t.same(await unsealed(sealed), key);
      t.same(await unsealed(decodeSealedKey(encodeSealedKey(sealed))), key);
      await boot(swtpm);
      t.same(await unsealed(sealed), key);
    },
  );

  await t.test('does not come out once a PCR was extended, and the PCR is named', async (t) => {
    const tpm = await swtpm.open();
    await extendPcr(tpm, 7, sha(Buffer.from('an operator has been at the boot menu')));
    await tpm.close();
    await t.rejects(unsealed(sealed), refused(/^PCR 7 is not as in the state .*\(the first start\)/));
    await boot(swtpm, NEW_LOADER);
    await t.rejects(unsealed(sealed), refused(/^PCR 4 is not/));
    await boot(swtpm);
    t.same(await unsealed(sealed), key, 'and does again when the machine starts as it should');
  });

  await t.test('does not come out to who writes other values into the file', async (t) => {
    await boot(swtpm, NEW_LOADER);
    const values = [ZEROS, sha(ZEROS, NEW_LOADER), ZEROS];
    const forged = { ...sealed, states: [{ label: 'forged', values }] };
    await t.rejects(unsealed(forged), refused(/the file was changed/));
    const both = { ...sealed, states: [...sealed.states, ...forged.states] };
    await t.rejects(unsealed(both), refused(/the file was changed/));
    const broken = Buffer.from(sealed.object.private);
    broken[broken.length - 1]! ^= 1;
    await boot(swtpm);
    await t.rejects(unsealed({ ...sealed, object: { ...sealed.object, private: broken } }), refused(/was changed/));
  });

  await t.test(
    'opens with the old firmware and the new one during an update, and with the new one alone after it',
    async (t) => {
      await boot(swtpm);
      const values = [ZEROS, sha(ZEROS, NEW_LOADER), ZEROS];
      const during = await made([{ label: 'firmware 2.2', values }]);
      t.same(await unsealed(during), key);
      await boot(swtpm, NEW_LOADER);
      t.same(await unsealed(decodeSealedKey(encodeSealedKey(during))), key);
      const after = await made();
      t.same(await unsealed(after), key);
      await boot(swtpm);
      await t.rejects(unsealed(after), refused(/PCR 4/), 'who starts the old firmware again gets nothing');
      await boot(swtpm, sha(Buffer.from('something else')));
      await t.rejects(unsealed(during), refused(/PCR 4/));
    },
  );

  await t.test('is of no use to another TPM', async (t) => {
    const other = await startSwtpm();
    t.teardown(() => other.stop());
    await boot(other);
    const open = (saltKey?: SaltKey) => other.open(saltKey === undefined ? {} : { saltKey });
    await t.rejects(
      withStorage(open, (tpm, storage) => unsealKey(tpm, storage, sealed)),
      refused(/another TPM/),
    );
  });

  await t.test('never shows on the bus, nor does the recovery key', async (t) => {
    await boot(swtpm);
    const recorder = await startTpmRecorder(swtpm.port);
    t.teardown(() => recorder.stop());
    const tapped = async (saltKey?: SaltKey) =>
      Tpm.open(
        await connectSocket({ host: '127.0.0.1', port: recorder.port }),
        saltKey === undefined ? {} : { saltKey },
      );
    const again = await withStorage(tapped, async (tpm, storage) => {
      const states = [await presentState(tpm, SELECTION, 'now')];
      return await sealKey(tpm, storage, key, { selection: SELECTION, states, recovery });
    });
    t.same(await withStorage(tapped, (tpm, storage) => unsealKey(tpm, storage, again)), key);
    const bytes = recorder.bytes();
    t.ok(bytes.includes(Buffer.from(again.object.area.authPolicy)), 'the recorder has heard what is no secret');
    for (const secret of [key, recoveryKey])
      for (let at = 0; at + 8 <= secret.length; at += 8) t.notOk(bytes.includes(secret.subarray(at, at + 8)));
    const file = encodeSealedKey(again);
    for (const secret of [key, recoveryKey]) t.notOk(file.includes(secret.subarray(0, 8)), 'nor in the file');
  });

  await t.test('is not sealed to what anybody can reset, to nothing, or to too much', async (t) => {
    const to = (selection: PcrSelection, states: number, bytes = 32) =>
      withStorage(direct, async (tpm, storage) => {
        const state = await presentState(tpm, selection, 'now');
        const sealing = { selection, states: new Array(states).fill(state), recovery };
        return await sealKey(tpm, storage, key.subarray(0, bytes), sealing);
      });
    for (const [selection, states, bytes] of [
      [pcrs(7, 16), 1, 32],
      [pcrs(), 1, 32],
      [pcrs(7), 0, 32],
      [pcrs(7), 9, 32],
      [pcrs(7), 1, 15],
    ] as const)
      await t.rejects(to(selection, states, bytes), { code: 'CONFIG_INVALID' });
    t.ok(await to(pcrs(7), 8));
  });

  t.test('the file: whatever is taken says just what its bytes say', (t) => {
    const bytes = encodeSealedKey({
      ...sealed,
      states: [...sealed.states, { ...sealed.states[0]!, label: 'firmware 2.2' }],
    });
    t.same(encodeSealedKey(decodeSealedKey(bytes)), bytes);
    const judge = (changed: Buffer) => {
      try {
        return encodeSealedKey(decodeSealedKey(changed)).equals(changed) ? 'same' : 'other';
      } catch (error) {
        if (error instanceof MsecError && error.code === 'SEALED_KEY_INVALID') return 'refused';
        throw error;
      }
    };
    const verdicts = { same: 0, other: 0, refused: 0 };
    for (let length = 0; length < bytes.length; length++) verdicts[judge(bytes.subarray(0, length))]++;
    t.equal(verdicts.refused, bytes.length, 'no beginning of it is one');
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      verdicts[judge(changed)]++;
    }
    verdicts[judge(Buffer.concat([bytes, Buffer.of(0)]))]++;
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (random) => judge(Buffer.from(random)) !== 'other'));
    const head = bytes.subarray(0, 18);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (rest) => judge(Buffer.concat([head, rest])) !== 'other'));
    t.equal(verdicts.other, 0);
    t.end();
  });
});

t.test('the recovery key opens it without a TPM, and no other key does', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 128 }), fc.nat(), (key, bit) => {
      const recoveryKey = randomBytes(32);
      const recovery = sealForRecovery(key, recoveryKey, systemRandom);
      t.ok(recoverKey({ recovery }, recoveryKey).equals(key));
      const wrong = Buffer.from(recoveryKey);
      wrong[(bit >> 3) % 32]! ^= 1 << (bit & 7);
      t.throws(() => recoverKey({ recovery }, wrong), { code: 'UNSEAL_REFUSED' });
      const changed = Buffer.from(recovery);
      changed[bit % changed.length]! ^= 1;
      t.throws(() => recoverKey({ recovery: changed }, recoveryKey), { code: 'UNSEAL_REFUSED' });
    }),
    { numRuns: 30 },
  );
  t.end();
});

t.test('a recovery key is written and typed as letters', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      const text = recoveryText(bytes);
      t.match(text, /^(?:[cbdefghijklnrtuv]{8}-){7}[cbdefghijklnrtuv]{8}$/);
      t.same(parseRecoveryText(text), Buffer.from(bytes));
      t.same(parseRecoveryText(` ${text.toUpperCase().replaceAll('-', ' ')}\n`), Buffer.from(bytes));
      t.equal(parseRecoveryText(text.slice(1)), null);
      t.equal(parseRecoveryText(`a${text.slice(1)}`), null);
    }),
    { numRuns: 30 },
  );
  t.end();
});
