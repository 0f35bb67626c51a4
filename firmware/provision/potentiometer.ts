/**
 * The potentiometer of the original demonstration, which stands for any analogue sensor: what the 12-bit converter of an
 * STM32L4 reads while somebody turns the knob slowly, with a bit of noise.
 */
import { type Random, randomBelow } from '../../engine/base/index.ts';

const ADC_MAX = 4095;
const TURN_MAX = 64;
const NOISE = 3;

export class Potentiometer {
  readonly #random: Random;
  #position: number;

  constructor(random: Random) {
    this.#random = random;
    this.#position = randomBelow(random, ADC_MAX + 1);
  }

  /** 0 to 4095. */
  read(): number {
    const turn = randomBelow(this.#random, 2 * TURN_MAX + 1) - TURN_MAX;
    this.#position = Math.min(ADC_MAX, Math.max(0, this.#position + turn));
    const noise = randomBelow(this.#random, 2 * NOISE + 1) - NOISE;
    return Math.min(ADC_MAX, Math.max(0, this.#position + noise));
  }
}
