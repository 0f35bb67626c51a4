/** Which way bytes of a flow go: 0 to the server, 1 to the client. */
export type Direction = 0 | 1;

export const opposite = (direction: Direction): Direction => (direction === 0 ? 1 : 0);
