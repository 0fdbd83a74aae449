// The baseline of token reads: one Fastify route that answers the object of the environment's BODY, and nothing else. Prints its address.
import Fastify from 'fastify';

const answer = JSON.parse(process.env.BODY);
const app = Fastify();
app.get('/providers/:provider/token', async () => answer);
process.stdout.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`);
