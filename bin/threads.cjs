// Node does files, hashing and look-ups of names in threads of its own, and gives look-ups half of them at most: of four that is two,
// and two names whose servers do not answer would keep every other from being looked up. The number is read once, before the first
// thread is needed, which Node 20 does to read main.js: so this is preloaded (node --require ./bin/threads.cjs).
process.env.UV_THREADPOOL_SIZE ??= '16';
