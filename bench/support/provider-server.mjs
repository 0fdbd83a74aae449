// A third party for benchmarks: answers refreshes as they are documented, 5 ms after the whole request is here. It keeps no accounts, so that it is never what is measured. Prints its address;
// GET /count answers how many refreshes it has answered so far, and how many were under way at most since the last look.
import { createServer } from 'node:http';

const DELAY_MS = Number(process.env.DELAY_MS ?? 5);
const LIFETIME_SECONDS = Number(process.env.LIFETIME_SECONDS ?? 1800);
const FILLING = 't0k3n'.repeat(22);

let answered = 0;
let underWay = 0;
let most = 0;

const issue = (kind) => `${kind}-${String(answered).padStart(9, '0')}-${FILLING}`;

const token = () => ({ access_token: issue('access'), token_type: 'Bearer', expires_in: LIFETIME_SECONDS });

/** By path: a refresh token that stays (as Berbix documents it), one that rotates, a token that renews itself (as Klavi does). */
const bodies = {
  '/v0/tokens': token,
  '/token': () => ({ ...token(), refresh_token: issue('refresh') }),
  '/monitor/v1/refresh': () => ({ accessToken: issue('klavi'), expireIn: LIFETIME_SECONDS }),
};

function finish(request, response) {
  answered += 1;
  underWay -= 1;
  const body = JSON.stringify(bodies[request.url]());
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

const server = createServer((request, response) => {
  if (request.url === '/count') {
    response.end(JSON.stringify({ answered, most }));
    most = underWay;
    return;
  }
  underWay += 1;
  most = Math.max(most, underWay);
  request.resume().on('end', () => void setTimeout(finish, DELAY_MS, request, response));
});

server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}\n`));
