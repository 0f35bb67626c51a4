/** 0 to the server, 1 to the client. */
export type Direction = 0 | 1;
