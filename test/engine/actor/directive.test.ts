import t from 'tap';
import { directiveFor, ERROR_TABLE, type ErrorCode, MsecError } from '../../../engine/index.ts';

t.test('bad input goes to the letters at once, a bug after its attempts', (t) => {
  t.equal(directiveFor(new MsecError('VALUE_INVALID', ''), 1, 3), 'dead-letter');
  for (const thrown of [new Error('bug'), 'a string', undefined, new MsecError('ASSERTION_FAILED', '')])
    t.same(
      [1, 2, 3].map((attempts) => directiveFor(thrown, attempts, 3)),
      ['retry', 'retry', 'dead-letter'],
    );
  t.end();
});

t.test('no retriable error ever leads to a letter, however often it comes', (t) => {
  for (const [code, { retriable }] of Object.entries(ERROR_TABLE))
    if (retriable) t.equal(directiveFor(new MsecError(code as ErrorCode, ''), 1_000, 3), 'pause', code);
  t.end();
});

t.test('who was fenced or closed stops', (t) => {
  t.equal(directiveFor(new MsecError('FENCED', ''), 1, 3), 'stop');
  t.equal(directiveFor(new MsecError('CLOSED', ''), 1, 3), 'stop');
  t.end();
});
