/** Examples for tests, written for them: lamps, alarms and weather in English and Chinese. */
import { parseExamples } from './models/examples.ts';
import type { Example } from './types.ts';

const ROOMS: [string, string][] = [
  ['kitchen', '厨房'],
  ['bedroom', '卧室'],
  ['hall', '走廊'],
  ['study', '书房'],
];
const TIMES: [string, string][] = [
  ['7 am', '早上七点'],
  ['6:30 am', '六点半'],
  ['noon', '中午'],
  ['8 pm', '晚上八点'],
];

export function smallTalk(): Example[] {
  const out: unknown[] = [];
  const add = (intent: string, text: string, slot?: [string, string], reply?: string) =>
    out.push({
      text,
      intent,
      ...(slot ? { slots: [{ name: slot[0], value: slot[1] }] } : {}),
      ...(reply ? { reply } : {}),
    });
  for (const [en, zh] of ROOMS) {
    add('light_on', `turn on the lamp in the ${en}`, ['room', en], 'The lamp is on.');
    add('light_on', `switch on the ${en} light please`, ['room', en]);
    add('light_on', `打开${zh}的灯`, ['room', zh], '灯已打开。');
    add('light_on', `把${zh}的灯开一下`, ['room', zh]);
    add('light_off', `turn off the lamp in the ${en}`, ['room', en]);
    add('light_off', `switch off the ${en} light`, ['room', en]);
    add('light_off', `关掉${zh}的灯`, ['room', zh]);
    add('light_off', `把${zh}的灯关了`, ['room', zh]);
  }
  for (const [en, zh] of TIMES) {
    add('alarm', `set an alarm for ${en}`, ['time', en]);
    add('alarm', `wake me up at ${en}`, ['time', en]);
    add('alarm', `${zh}叫我起床`, ['time', zh]);
    add('alarm', `定一个${zh}的闹钟`, ['time', zh]);
  }
  for (const place of ['Oslo', 'Lima', 'Cairo']) {
    add('weather', `what is the weather in ${place}`, ['city', place]);
    add('weather', `will it rain in ${place} today`, ['city', place]);
    add('weather', `${place}今天天气怎么样`, ['city', place]);
  }
  for (const text of ['hello', 'hi there', 'good morning', '你好', '您好呀', 'hey', '早上好'])
    add('greet', text, undefined, 'Hello from the example.');
  return parseExamples(out);
}
