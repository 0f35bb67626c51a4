/** Commands on standings: what is written is read again, and whatever else comes is refused with its reason. */
import fc from 'fast-check';
import t from 'tap';
import { MsecError } from '../../engine/base/index.ts';
import {
  checkStandingCommand,
  decodeStandingCommand,
  encodeStandingCommand,
  STANDING_ACTIONS,
  type StandingCommand,
} from '../../schemas/standing/index.ts';

const text = (maxLength: number) =>
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: maxLength / 8 }).filter((said) => said.trim() !== '');
const command: fc.Arbitrary<StandingCommand> = fc.record({
  version: fc.constant(1 as const),
  id: text(64),
  service: text(128),
  action: fc.constantFrom(...STANDING_ACTIONS),
  by: text(500),
  why: text(500),
});

t.test('a command is read as it was written', async () => {
  fc.assert(
    fc.property(command, (one) => {
      const bytes = encodeStandingCommand(one);
      return JSON.stringify(decodeStandingCommand(bytes)) === JSON.stringify(checkStandingCommand(one));
    }),
  );
});

t.test('changed bytes are a command as well, or refused', async (t) => {
  let refused = 0;
  fc.assert(
    fc.property(command, fc.nat(), fc.nat({ max: 255 }), (one, at, byte) => {
      const bytes = encodeStandingCommand(one);
      bytes[at % bytes.length] = byte;
      try {
        checkStandingCommand(decodeStandingCommand(bytes));
      } catch (thrown) {
        if (!(thrown instanceof MsecError) || thrown.code !== 'VALUE_INVALID') throw thrown;
        refused += 1;
      }
    }),
    { numRuns: 500 },
  );
  t.ok(refused > 50, `${refused} refused`);
});

t.test('each field is looked at', async (t) => {
  const good = { version: 1, id: '1', service: 'heat', action: 'ban', by: 'olga', why: 'so' };
  const cases: readonly (readonly [field: string, change: object])[] = [
    ['version', { version: 2 }],
    ['id', { id: 'x'.repeat(65) }],
    ['service', { service: '' }],
    ['action', { action: 'praise' }],
    ['by', { by: ' ' }],
    ['why', { why: 'x'.repeat(501) }],
    ['standing', { standing: 'normal' }],
  ];
  for (const [field, change] of cases)
    t.throws(() => checkStandingCommand({ ...good, ...change }), { code: 'VALUE_INVALID', field });
  for (const other of [null, [], 'ban', 1]) t.throws(() => checkStandingCommand(other), { code: 'VALUE_INVALID' });
  t.same(checkStandingCommand(good), good);
});
