/** Preloaded into a server (`node --import`): moves its wall clock by what its parent process says, so that real calls make a real past. */
const real = Date.now.bind(Date);
let offset_ms = Number(process.env.CLOCK_OFFSET_MS ?? 0);
Date.now = () => real() + offset_ms;
process.on('message', (message) => {
  offset_ms = message.offset_ms;
});
process.channel?.unref();
