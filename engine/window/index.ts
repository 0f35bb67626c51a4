export { type CloseWindow, type KeyOrder, type TumblingWindowOptions, TumblingWindows } from './tumbling-windows.ts';
