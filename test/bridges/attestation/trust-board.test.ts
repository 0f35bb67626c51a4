import t from 'tap';
import { TrustBoard } from '../../../bridges/attestation/index.ts';

void t.test('quarantined and revoked devices are barred, all others are not', async (t) => {
  const board = new TrustBoard();
  for (const [state, barred] of [
    ['unknown', null],
    ['quarantined', 'quarantined'],
    ['trusted', null],
    ['suspect', null],
    ['revoked', 'revoked'],
  ] as const) {
    board.take({ device: 'roof-7', state });
    t.equal(board.stateOf('roof-7'), barred, state);
  }
  t.equal(board.stateOf('roof-8'), null);
  board.forget('roof-7');
  t.equal(board.stateOf('roof-7'), null);
});

void t.test('who waits is called once, when the device is not barred any more', async (t) => {
  const board = new TrustBoard();
  board.take({ device: 'roof-7', state: 'quarantined' });
  let calls = 0;
  board.whenCleared('roof-7', () => {
    calls++;
  });
  const stop = board.whenCleared('roof-7', () => t.fail('it has left'));
  stop();
  board.take({ device: 'roof-7', state: 'revoked' });
  board.take({ device: 'roof-8', state: 'trusted' });
  t.equal(calls, 0);
  board.take({ device: 'roof-7', state: 'trusted' });
  t.equal(calls, 1);
  board.take({ device: 'roof-7', state: 'quarantined' });
  board.take({ device: 'roof-7', state: 'trusted' });
  t.equal(calls, 1);
});
