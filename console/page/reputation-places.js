/** Where links stand in the picture, and what a trust is called. Pure; the tests run it in Node. */

const GOOD_FROM = 0.6;
const DOUBT_FROM = 0.3;
const [ACROSS, TOP] = [150, 30];

export function gradeOf(trust) {
  if (trust === null) return 'none';
  return trust >= GOOD_FROM ? 'good' : trust >= DOUBT_FROM ? 'doubt' : 'bad';
}

/** The place of one of so many on a side: one above the other, the middle ones a little further out. */
export function sideOf(i, all, side, width, height) {
  const share = all === 1 ? 0.5 : i / (all - 1);
  const room = height - TOP - 14;
  const rows = Math.min(room, (all - 1) * 26);
  const y = TOP + (room - rows) / 2 + share * rows;
  const bend = 24 * Math.sin(Math.PI * share);
  const x = side === 'left' ? ACROSS - bend : width - ACROSS + bend;
  return { x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 };
}
