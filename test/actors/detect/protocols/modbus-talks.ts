/** Generated Modbus: requests of every function and their answers, right and wrong. */
import { bytesOf, n16 } from '../frames.ts';
import type { Dice } from './dice.ts';
import type { Part, Talk } from './suricata.ts';

const FUNCTIONS = [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 17, 20, 21, 22, 23, 24, 43, 9, 66, 90, 100, 126, 0];

const some = (dice: Dice, count: number): Uint8Array => Uint8Array.from({ length: count }, () => dice.below(256));

function request(dice: Dice, code: number): Uint8Array {
  const address = n16(dice.pick([0, 1, 5, 100, 65_535]));
  const quantity = dice.pick([0, 1, 2, 9, 16, 125, 3000]);
  const words = 1 + dice.below(3);
  switch (code) {
    case 1:
    case 2:
    case 3:
    case 4:
      return bytesOf(address, n16(quantity));
    case 5:
      return bytesOf(address, dice.pick([0xff, 0, 1]), 0);
    case 6:
      return bytesOf(address, n16(dice.below(10)));
    case 8:
      return bytesOf(n16(dice.pick([0, 1, 3, 4, 10, 7, 22])), dice.pick([0, 255]), dice.pick([0, 0, 1]));
    case 15:
      return bytesOf(address, n16(9), dice.pick([2, 2, 3]), some(dice, 2));
    case 16:
      return bytesOf(address, n16(words), words * 2, some(dice, words * 2));
    case 22:
      return bytesOf(address, n16(0xf2), n16(0x25));
    case 23:
      return bytesOf(address, n16(2), n16(4), n16(words), words * 2, some(dice, words * 2));
    case 24:
      return address;
    case 43:
      return bytesOf(dice.pick([13, 14, 15]), 1, 0);
    default:
      return some(dice, dice.below(3));
  }
}

function response(dice: Dice, code: number, asked: Uint8Array): Uint8Array {
  const count = dice.pick([1, 2, 4]);
  switch (code) {
    case 1:
    case 2:
    case 3:
    case 4:
    case 23:
      return bytesOf(dice.happens(0.9) ? count : 9, some(dice, count));
    case 7:
      return some(dice, 1);
    case 15:
    case 16:
      return asked.slice(0, 4);
    default:
      return dice.happens(0.9) ? asked : some(dice, 4);
  }
}

function frame(dice: Dice, transaction: number, unit: number, code: number, data: Uint8Array): Uint8Array {
  const body = bytesOf(
    unit,
    code,
    dice.happens(0.05) ? dice.spoil(data, 1) : data,
    dice.happens(0.04) ? 7 : new Uint8Array(0),
  );
  const length = dice.happens(0.02) ? dice.pick([0, 1, 255]) : body.length;
  return bytesOf(n16(transaction), n16(dice.happens(0.02) ? 1 : 0), n16(length), body);
}

export function modbusTalk(dice: Dice): Talk {
  // Both sides begin plainly, so that they are recognised.
  const parts: Part[] = [
    [0, bytesOf(n16(0), n16(0), n16(6), 1, 1, n16(0), n16(8))],
    [1, bytesOf(n16(0), n16(0), n16(4), 1, 1, 1, 5)],
  ];
  for (let left = 1 + dice.below(4); left > 0; left--) {
    const transaction = dice.below(3);
    const unit = dice.pick([1, 10, 255]);
    const code = dice.pick(FUNCTIONS);
    const asked = request(dice, code);
    const ask: Part = [0, frame(dice, transaction, unit, code, asked)];
    const isRefused = dice.happens(0.15);
    const answered = isRefused ? Uint8Array.of(dice.pick([1, 2, 3, 8, 11, 99])) : response(dice, code, asked);
    const answer: Part = [1, frame(dice, transaction, unit, isRefused ? code | 128 : code, answered)];
    parts.push(...dice.pick([[ask], [answer], ...Array.from({ length: 9 }, () => [ask, answer])]));
  }
  return {
    transport: 'tcp',
    serverPort: 502,
    parts: parts.flatMap(([way, bytes]): Part[] => {
      const cut = dice.happens(0.2) ? 1 + dice.below(bytes.length - 1) : bytes.length;
      const pieces: Part[] = [
        [way, bytes.slice(0, cut)],
        [way, bytes.slice(cut)],
      ];
      return pieces.filter(([, { length }]) => length > 0);
    }),
  };
}

export const MODBUS_RULES = [
  'modbus: function 1;',
  'modbus: function 8, subfunction 4;',
  'modbus: function 100;',
  'modbus: function assigned;',
  'modbus: function !assigned;',
  'modbus: function reserved;',
  'modbus: function user;',
  'modbus: function public;',
  'modbus: unit 10;',
  'modbus: unit >9, function 3;',
  'modbus: unit 0<>11;',
  'modbus: access read;',
  'modbus: access write;',
  'modbus: access read coils, address 0<>2;',
  'modbus: access read holding, address >100;',
  'modbus: access write holding, address <7;',
  'modbus: access write holding, address 6, value <500;',
  'modbus: access write holding, address 2, value >3;',
  'modbus: access write coils, address 6, value 1;',
  'modbus: access write coils, address 1, value 0;',
];
