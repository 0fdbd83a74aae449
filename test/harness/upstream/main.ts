import { listenForControl } from './control.js';
import { UpstreamRooms } from './rooms.js';

/** Ends with whoever started it: its end of the pipe closes, however it died. */
process.stdin.on('close', () => process.exit(0)).resume();

const rooms = new UpstreamRooms();
const url = await rooms.open();
const controlUrl = await listenForControl(rooms);
process.stdout.write(`${JSON.stringify({ url, controlUrl })}\n`);
